/* Opens a refused mail link again without what was added to it, and in the language of the mail.

   Mail programs add characters to a link (`>`, `»`, the `=3D` and line breaks of quoted-printable) while the key in it
   is whole. Keycloak chooses the language of an error page from the browser and ignores `kc_locale` (26.7.5). */
const TOKEN = /eyJ[\w-]*\.[\w-]+\.[\w-]{1,86}/; // a JWT; a signature of HS512, which these links have, has 86 characters
const PLACE = /^.*\/login-actions\/action-token/;

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const asked = decoded(location.pathname + location.search).replaceAll("=3D", "=");
const place = location.pathname.match(PLACE)?.[0];
const key = asked.replace(/[=\s\u200b]/g, "").match(TOKEN)?.[0];
const client = asked.match(/client_id=([\w-]+)/)?.[1];
const language = asked.match(/kc_locale=([a-z]{2})/)?.[1];

const query = [client && `client_id=${client}`, language && `kc_locale=${language}`, `key=${key}`, "from=mail"];
const link = `${place}?${query.filter(Boolean).join("&")}`;
const other = [...document.querySelectorAll("#login-select-toggle option")]
  .map((option) => option.value)
  .find((address) => address.includes("detached-info") && address.includes(`kc_locale=${language}`));

if (place && key && link !== location.pathname + location.search) {
  location.replace(link);
} else if (place && other && language !== document.documentElement.lang) {
  location.replace(other);
}
