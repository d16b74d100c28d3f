"""The keys of mode http: what may be written, and what it is then."""

from bridge.config import parse
from bridge.config.http import HeaderChanges, Http, field_name, field_value
from bridge.config.schema import explain
from bridge.net.fields import VARIABLES
from tests.configured import SHORTEST, front


def http(keys: str) -> Http:
    found: Http = front(f"mode: http, http: {{{keys}}}").http
    return found


def test_the_defaults_are_the_contracts() -> None:
    found: Http = front("mode: http").http
    assert (found.forwarded, found.x_forwarded) == ("off", "append")
    assert (found.head, found.keep_alive, found.request) == (65536, 75.0, 10.0)
    assert not found.redirect_to_https
    assert found.headers.request == found.headers.response == HeaderChanges()


def test_off_may_have_become_false_on_its_way() -> None:
    assert http("forwarded: false, x_forwarded: off") == http("x_forwarded: off")


def test_heads_are_changed_by_name() -> None:
    keys = "headers: {request: {set: {Host: a, X-A: b}}, response: {remove: Server}}"
    headers = http(keys).headers
    assert headers.request.set == {"Host": "a", "X-A": "b"}
    assert headers.response.remove == ("Server",)


def set_to(value: str, **environment: str) -> str:
    keys = f"mode: http, http: {{headers: {{request: {{set: {{A: {value}}}}}}}}}"
    text = SHORTEST.replace("to: web", f"to: web, {keys}")
    config = parse(text, environment=environment).config
    return config.fronts["web"].http.headers.request.set["A"]


def test_what_is_of_each_session_is_left_for_later() -> None:
    assert set_to("'${client} $$ ${tls.sni}'", client="x") == "${client} $$ ${tls.sni}"


def test_names_with_a_capital_are_the_environments_and_are_text() -> None:
    assert set_to("'${ZONE}-${client}'", ZONE="a") == "a-${client}"
    assert set_to("'${ZONE}'", ZONE="${client}$") == "$${client}$$"


def test_elsewhere_every_name_is_the_environments() -> None:
    text = SHORTEST.replace("to: web", "to: '${client}'")
    assert parse(text, environment={"client": "web"}).config.fronts["web"].to == {
        "default": "web"
    }


def test_a_name_and_a_value_are_as_they_are_written() -> None:
    assert field_name("X-Forwarded-For") == "X-Forwarded-For"
    assert field_value("for=${client}") == "for=${client}"


def test_hosts_lead_to_farms() -> None:
    text = "mode: http, to: {'*.Example.org': web, default: web}"
    shortest = SHORTEST.replace("to: web", text)
    assert parse(shortest).config.fronts["web"].to == {
        "*.example.org": "web",
        "default": "web",
    }


def test_every_variable_is_explained() -> None:
    told = explain("fronts.web.http.headers.request.set")
    assert [name for name in VARIABLES if f"`{name}`" not in told] == []
