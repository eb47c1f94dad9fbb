/* Keycloak's label of the address somebody signs in with names a field that is not there (26.7.4). */
document.addEventListener("DOMContentLoaded", () => {
  const address = document.getElementById("kc-attempted-username");
  const label = document.querySelector("label[for='username']");
  if (address && label) {
    label.htmlFor = address.id;
  }
});
