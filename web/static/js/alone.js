// Sign-in and set-up: show the password, remember the phone of this browser.
for (const button of document.querySelectorAll("[data-show-password]")) {
  button.addEventListener("click", () => {
    const field = button.parentElement.querySelector("input");
    const shown = field.type === "text";
    field.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
  });
}
for (const field of document.querySelectorAll("[data-remember]")) {
  if (!field.value) field.value = localStorage.getItem(field.dataset.remember) ?? "";
  field.form.addEventListener("submit", () => localStorage.setItem(field.dataset.remember, field.value.trim()));
}
