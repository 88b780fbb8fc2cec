"""The threats, by number, and the tests elsewhere that attack them already."""

from __future__ import annotations

from collections.abc import Mapping

#: T28, T30 and T32 are about what this version does not have: attachments, webhooks, wallboards without sign-in.
THREATS: Mapping[str, str] = {
    "T1": "a value that ends its line becomes a second command of the PBX",
    "T2": "a number that is more than a number reaches the dialplan",
    "T3": "a dialled call shows somebody else's number as caller",
    "T4": "toll fraud: expensive numbers, many calls",
    "T5": "an emergency call is caught by a rule or a limit",
    "T6": "a retry rings or dials twice",
    "T7": "somebody else's phone is made to dial",
    "T8": "another site opens the live socket with the visitor's cookie",
    "T9": "a session is stolen, fixed or outlives its account",
    "T10": "another site sends a write with the visitor's cookie",
    "T11": "a live socket outlives the sign-in behind it",
    "T12": "somebody reaches what belongs to others",
    "T13": "a caller's name, a note or an imported line becomes part of a page",
    "T14": "a name, a number or an address leads the browser elsewhere",
    "T15": "an exported cell is run as a formula",
    "T16": "what is typed becomes part of a query",
    "T17": "a client that does not read, or talks without end, uses up the service",
    "T18": "a few bytes unpack to very many",
    "T19": "a stolen database gives the passwords away",
    "T20": "passwords are guessed, accounts are found out",
    "T21": "a default account opens the door",
    "T22": "a secret shows in an answer, a log or an error",
    "T23": "callers show in logs, or write them",
    "T24": "personal data is kept, shown or left behind where it must not",
    "T25": "something was done and nobody can tell by whom",
    "T26": "a forged proxy header, or a connection without TLS, is believed",
    "T27": "the link to the PBX is overheard or answered by another",
    "T29": "the PBX itself sends nonsense",
    "T31": "a hidden frame makes the visitor click",
}

#: Tests of the packages that attack already, as `file::test` below `tests/`. What is here is not attacked a second time.
ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    "T1": (
        "pbx/asterisk/test_ami_commands.py::test_t1_every_parameter_is_guarded_against_line_breaks",
        "pbx/asterisk/test_ami_door.py::test_d04_no_value_and_no_key_can_end_its_line",
    ),
    "T2": (
        "pbx/asterisk/test_ami_commands.py::test_t2_nothing_but_plain_values_reaches_the_dialplan",
        "pbx/test_dial_rules.py::test_whatever_is_typed_only_harmless_characters_reach_the_pbx",
        "pbx/test_dial_rules.py::test_feature_codes_are_refused",
    ),
    "T3": ("pbx/asterisk/test_ami_commands.py::test_originate_is_ours_but_for_the_number",),
    "T4": (
        "pbx/test_dial_rules.py::test_expensive_kinds_are_blocked",
        "pbx/test_dial_rules.py::test_premium_short_code_is_blocked",
        "pbx/test_dial_rules.py::test_only_allowed_countries_are_dialled",
        "pbx/test_dial_rules.py::test_rate_limit_is_a_sliding_minute_for_each_agent",
    ),
    "T5": ("pbx/test_dial_rules.py::test_emergency_calls_are_never_rewritten_prefixed_or_blocked",),
    "T6": (
        "pbx/asterisk/test_ami_door.py::test_d01_originate_that_a_reset_cut_off_is_never_sent_again",
        "web/test_click_to_dial.py::test_two_clicks_at_the_same_moment_dial_once",
        "web/test_api_dial.py::test_the_same_idempotency_key_dials_once_however_late",
    ),
    "T7": (
        "web/test_api_dial.py::test_an_agent_cannot_ring_a_colleagues_phone",
        "web/test_sign_in.py::test_what_is_no_phone_is_refused_and_the_field_is_named",
    ),
    "T8": (
        "web/test_auth.py::test_a_socket_with_a_cookie_needs_our_origin",
        "screenpop/websocket/test_server.py::test_a_cookie_with_a_foreign_or_missing_origin_is_refused",
        "screenpop/websocket/test_server.py::test_a_cookie_behind_a_bearer_header_still_needs_the_origin",
    ),
    "T9": (
        "web/test_auth.py::test_an_idle_session_ends",
        "web/test_auth.py::test_no_session_lives_longer_than_a_shift",
        "web/test_auth.py::test_a_disabled_account_is_out_at_once",
        "web/test_auth.py::test_over_https_the_cookie_is_bound_to_the_host",
        "web/test_sign_in.py::test_the_store_never_holds_the_cookie_itself",
        "ctiserver/test_cli_store.py::test_a_new_password_replaces_the_old",
    ),
    "T10": (
        "web/test_app.py::test_every_write_with_a_cookie_needs_the_csrf_token",
        "web/test_auth.py::test_a_cookie_write_needs_our_origin_even_with_the_token",
        "web/test_api_calls.py::test_json_only",
        "web/test_sign_in.py::test_another_site_cannot_sign_somebody_in",
    ),
    "T11": (
        "screenpop/websocket/test_server.py::test_signing_out_closes_the_sockets_of_that_sign_in_only",
        "screenpop/websocket/test_server.py::test_a_disabled_account_loses_all_its_sockets_at_once",
        "screenpop/websocket/test_server.py::test_a_sign_in_that_ends_or_changes_while_the_socket_is_open_closes_it",
    ),
    "T12": (
        "web/test_app.py::test_role_by_route",
        "web/test_app.py::test_a_route_that_declares_nothing_is_closed",
        "screenpop/test_visibility.py::test_an_agent_sees_the_queues_they_serve_on_their_pbx_and_a_supervisor_all",
        "web/test_api_calls.py::test_hidden_fields_are_absent_and_not_writable",
    ),
    "T13": (
        "browser/test_hostile_names.py::test_no_name_adds_an_element_to_a_page",
        "web/test_pages_render.py::test_hostile_names_are_shown_as_they_are_and_make_no_element",
        "web/test_pages_render.py::test_nothing_is_inline_and_nothing_comes_from_elsewhere",
        "web/test_pages_static.py::test_browser_code_builds_elements_from_text_only",
    ),
    "T14": (
        "web/test_sign_in.py::test_after_sign_in_only_to_our_own_pages",
        "web/test_pages_render.py::test_the_language_switch_leads_nowhere_else",
    ),
    "T15": (
        "crm_store/test_spreadsheet_text.py::test_however_a_spreadsheet_splits_it_no_part_is_a_formula",
        "web/test_csv_export.py::test_a_cell",
        "browser/test_hostile_names.py::test_the_export_has_no_formula",
    ),
    "T16": (
        "contracts/test_store_parties.py::test_signs_of_query_languages_are_only_signs",
        "contracts/test_store_calls.py::test_a_cursor_from_elsewhere_is_refused",
        "web/test_hostile_input.py::test_no_input_is_a_defect",
    ),
    "T17": (
        "screenpop/websocket/test_server.py::test_a_client_that_does_not_read_is_closed_4408_and_correct_after_reconnect",
        "screenpop/websocket/test_server.py::test_a_client_that_never_reads_again_is_cut_off",
        "screenpop/websocket/test_server.py::test_an_oversize_frame_ends_the_connection",
        "screenpop/websocket/test_server.py::test_a_flood_of_frames_ends_the_connection",
        "screenpop/websocket/test_server.py::test_the_sixth_socket_of_a_user_pushes_the_oldest_out",
        "web/test_middlewares.py::test_a_body_that_is_too_large",
    ),
    "T18": ("screenpop/websocket/test_server.py::test_no_compression_even_if_the_client_offers_it",),
    "T19": (
        "crm_store/test_passwords.py::test_the_hash_costs_what_owasp_asks_for",
        "crm_store/test_passwords.py::test_a_weak_password_is_refused_with_the_reason",
        "web/test_sign_in.py::test_an_old_hash_is_made_new_at_sign_in",
    ),
    "T20": (
        "web/test_login_throttle.py::test_one_address_may_not_try_many_accounts",
        "web/test_login_throttle.py::test_strangers_cannot_make_us_remember_everything",
        "web/test_sign_in.py::test_guessing_slows_down_but_never_locks_out",
        "web/test_sign_in.py::test_the_same_answer_for_a_wrong_password_and_an_unknown_user",
        "web/test_sign_in.py::test_who_guesses_passwords_does_not_learn_whose_phone_is_whose",
    ),
    "T21": (
        "web/test_sign_in.py::test_the_link_works_once",
        "web/test_sign_in.py::test_a_newer_link_makes_the_older_useless",
        "web/test_sign_in.py::test_there_is_no_link_once_there_is_an_account",
    ),
    "T22": (
        "ctiserver/test_settings.py::test_a_secret_is_never_shown",
        "ctiserver/test_settings.py::test_a_mistake_does_not_repeat_the_secret",
        "ctiserver/test_log_setup.py::test_secrets_never_appear_not_even_at_debug",
        "pbx/asterisk/test_ami_door.py::test_d22_no_secret_and_no_number_is_logged",
        "web/test_middlewares.py::test_a_defect_of_ours_shows_no_details",
    ),
    "T23": (
        "ctiserver/test_log_setup.py::test_numbers_and_names_of_people_are_masked_under_their_keys",
        "ctiserver/test_log_setup.py::test_a_name_cannot_forge_a_line",
    ),
    "T24": (
        "contracts/test_store_calls.py::test_a_number_withheld_after_all_is_dropped_everywhere",
        "contracts/test_store_tasks.py::test_a_withheld_lost_call_leaves_no_digits",
        "screenpop/test_streams.py::test_a_number_that_becomes_withheld_is_not_sent_again",
        "crm_store/sql/test_search.py::test_the_index_keeps_nothing_of_who_is_hidden",
        "contracts/test_store_person.py::test_an_erased_person_is_nowhere_any_more",
        "ctiserver/test_person_journal.py::test_every_number_and_name_goes_and_everything_else_stays",
        "contracts/test_store_retention.py::test_an_old_call_loses_the_person_and_stays_in_the_statistics",
    ),
    "T25": (
        "web/test_ledger.py::test_what_is_done_with_a_card",
        "web/test_ledger.py::test_an_export_says_how_many_rows_left_the_house",
        "web/test_ledger.py::test_who_asks_for_more_than_their_role_opens",
        "web/test_ledger.py::test_no_entry_has_a_name_a_number_or_a_text",
        "web/test_api_ledger.py::test_nobody_writes_it",
        "crm_store/sql/test_ledger.py::test_entries_stay_as_they_were_written",
    ),
    "T26": (
        "web/test_middlewares.py::test_anybody_else_is_not",
        "web/test_auth.py::test_a_proxy_on_this_machine_is_known_by_the_host_it_names",
        "web/test_sign_in.py::test_no_sign_in_over_plain_http_from_elsewhere",
    ),
    "T27": (
        "pbx/asterisk/test_ami_client.py::test_tls_link_verifies_the_certificate",
        "pbx/asterisk/test_ami_link.py::test_tls_verifies_certificate_and_name",
    ),
    "T29": (
        "pbx/asterisk/test_ami_door.py::test_d18_second_event_header_kills_nothing",
        "pbx/asterisk/test_ami_door.py::test_d08_sixteen_megabytes_without_an_end_are_given_up_at_one",
        "pbx/asterisk/test_ami_decoder.py::test_garbage_raises_nothing",
        "pbx/asterisk/test_ami_events.py::test_garbage_in_headers_never_raises",
        "pbx/test_robustness.py::test_nonsense_in_a_real_stream_leaves_no_call_behind",
    ),
    "T31": ("web/test_middlewares.py::test_every_answer_carries_the_security_headers",),
}
