"""Pages for people: layout, KERN components, assets, translations, and the portal.

A service makes one `Pages` from its own folder and renders with it::

    pages = Pages(Path(__file__).parent, tools.city)            # templates/ and translations/ of the service, then ours
    app = application(tools, roles, Parts(routers=[...], error_page=pages.error_page))
    app.add_middleware(LanguagePrefix)                          # /en/appointments/… is routed as /appointments/…

    errors = FormErrors()
    _ = pages.gettext(request)                                  # texts made in Python
    if not form.name:
        errors["name"] = _("Geben Sie Ihren Namen ein.")
    return pages.render(request, "details.html", status=422, errors=errors, form=form)

A page that answers a post is kept, and the browser sent to it (`kept.py`); an endpoint does nothing for it.

A template extends `base.html`, fills the blocks `title` (also the h1), `back`, `steps` and `content`, and writes plain
h2, p, ul, a. Everything else is a macro of `components.html`, there as `ui` without an import::

    {% extends "base.html" %}
    {% block title %}{{ _("Ihre Angaben") }}{% endblock %}
    {% block back %}{{ ui.back_link(url("/appointments/book")) }}{% endblock %}
    {% block content %}
    {% call ui.form(key=form.einmal) %}
      {{ ui.text_input("name", _("Vor- und Nachname"), form.name, error=errors.get("name"), autocomplete="name") }}
      {% call ui.buttons() %}{{ ui.button(_("Weiter")) }}{% endcall %}
    {% endcall %}
    {% endblock %}

Also there in every template: `language`, `city`, `url(path)` (adds the language prefix; use it for every link and
action), `asset(name)`, `one_time_key()`, and the filters of `formats.py`: date, day, time, hhmm, money, phone, num,
german. Undefined names are errors. Rendering with `errors` (FormErrors) makes the error summary and the title.

Texts are German inside `_()`, `ngettext()`, `pgettext()`; values are named: `_("um %(time)s Uhr", time=start | hhmm)`;
a per cent sign is doubled. `<folder>/translations/<code>.po` holds the other languages; a test names what is missing.
"""
