# Examples for ../rules/portal.yml: what each rule finds (ruleid) and what it leaves alone (ok). Never imported.
# ruff: noqa
import os


# ruleid: route-without-access
@blueprint.get("/open")
def open_to_everybody():
    return ""


# ok: route-without-access
@blueprint.get("/declared")
@access(Access.PUBLIC)
def declared():
    return ""


# ruleid: csrf-switched-off
@csrf.exempt
def convenient():
    return ""


# ok: csrf-switched-off
@csrf.exempt
def backchannel_logout():
    return ""


def view(name, tokens, user):
    # ruleid: markup-of-what-is-not-a-literal
    Markup(f"<b>{name}</b>")
    # ok: markup-of-what-is-not-a-literal
    Markup("<b>fine</b>")
    # ruleid: template-from-a-string
    render_template_string("Hello " + name)
    # ok: template-from-a-string
    render_template("hello.html", name=name)
    # ruleid: view-changes-keycloak-itself
    parts().directory.delete_user(user.id)
    # ok: view-changes-keycloak-itself
    users.delete(parts().directory, parts().database, user.id)
    # ruleid: secret-in-a-log
    log.info("signed in with %s", tokens.access_token)
    # ruleid: secret-in-a-log
    app.logger.warning("no mail for %s", user.email)
    # ok: secret-in-a-log
    log.info("no mail for %s", user.id)
    # ruleid: redirect-to-what-was-asked-for
    redirect(request.args.get("next"))
    # ok: redirect-to-what-was-asked-for
    redirect(own_path(request.args.get("next")) or "/")
    # ruleid: environment-read-outside-the-settings
    os.environ["SECRET_KEY"]
    # ok: environment-read-outside-the-settings
    settings.secret_key
