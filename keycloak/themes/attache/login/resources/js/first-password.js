/* Signs in with the first password, which was just chosen, so that nobody types it twice.

   Keycloak opens no session after the link of a mail: it ends such a visit on an information page
   (AuthenticationManager.finishedRequiredActions, note END_AFTER_REQUIRED_ACTIONS, 26.7.5). The password goes to
   Keycloak's own sign-in form, so a second factor is asked for as ever; it is kept nowhere. Without script, or when a
   page is not the one expected, the person signs in by hand. */
(() => {
  const form = document.getElementById("kc-passwd-update-form");
  const { realm, client, portal } = form.dataset;
  const password = form.elements["password-new"];
  const confirmation = form.elements["password-confirm"];

  function activates() {
    const key = [...document.querySelectorAll("#login-select-toggle option")]
      .map((option) => new URL(option.value, location).searchParams.get("key"))
      .find(Boolean);
    if (!key) {
      return false;
    }
    const payload = key.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(atob(payload)).typ === "execute-actions";
  }

  /* Keycloak's pages look every two seconds for a session that another tab opened, and would leave for it. */
  function stopTimers() {
    for (let id = setTimeout(() => {}); id > 0; id -= 1) {
      clearTimeout(id);
    }
  }

  async function read(address, options) {
    const answer = await fetch(address, options);
    return answer.text();
  }

  function parsed(text) {
    return new DOMParser().parseFromString(text, "text/html");
  }

  function challenge() {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  /* Sends Keycloak's sign-in form; it ends at the portal's sign-in, which finds the session. The code in that address
     cannot be used: nobody knows a verifier for the challenge. */
  async function signIn(username, typed) {
    const query = new URLSearchParams({
      client_id: client,
      redirect_uri: `${portal}login`,
      response_type: "code",
      scope: "openid",
      code_challenge: challenge(),
      code_challenge_method: "S256",
      ui_locales: document.documentElement.lang,
    });
    const page = parsed(await read(`${realm}/protocol/openid-connect/auth?${query}`));
    const login = document.importNode(page.getElementById("kc-form-login"), true);
    login.hidden = true;
    document.body.append(login);
    login.elements.username.value = username;
    login.elements.password.value = typed;
    HTMLFormElement.prototype.submit.call(login);
  }

  async function send() {
    stopTimers();
    const body = new URLSearchParams(new FormData(form));
    const text = await read(form.action, { method: "POST", body });
    if (parsed(text).querySelector("[data-account-ready]")) {
      try {
        await signIn(form.elements.username.value, password.value);
        return;
      } catch {
        // The page that follows says how to sign in.
      }
    }
    document.open();
    document.write(text);
    document.close();
  }

  form.addEventListener("submit", (event) => {
    const minimum = Number(form.dataset.minimum);
    if (activates() && password.value.length >= minimum && password.value === confirmation.value) {
      event.preventDefault();
      form.querySelector("[type=submit]").disabled = true;
      send().catch(() => form.submit());
    }
  });
})();
