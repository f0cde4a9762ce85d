// Hands the authorization response to the client at once; without script the person presses the button.
for (const form of document.querySelectorAll('form[data-submit-at-once]')) {
  form.submit();
}
