"""Which MCP servers there are: what a file may say, and one line for each mistake, which shows no secret."""

import sys

import pytest

from tests.toolbox.cases import config
from vllm_course.errors import CourseError, UsageError
from vllm_course.toolbox.config import McpConfig, headers, program

GOOD = """
servers:
  weather: {command: python, args: [weather.py], trust_read_only: true}
  notes:
    url: https://notes.example.org/mcp
    headers: {Authorization: NOTES_KEY}
    tools: [find]
    timeout: 2.5
"""
S = "servers:\n  x: "
SECRET = "sk-12345"


def test_a_file_is_read_and_paths_begin_at_its_folder(tmp_path, monkeypatch):
    file = tmp_path / "mcp.yaml"
    file.write_text(GOOD)
    found = McpConfig.from_yaml(file)
    words, place, variables = program(found.servers["weather"], "weather", found.folder)
    assert (words, place, variables) == ([sys.executable, "weather.py"], tmp_path, {})
    assert (found.servers["weather"].transport, found.servers["notes"].transport) == ("stdio", "http")
    assert (found.servers["notes"].timeout, found.servers["notes"].trust_read_only) == (2.5, False)
    monkeypatch.setenv("NOTES_KEY", f"Bearer {SECRET}")
    assert headers(found.servers["notes"], "notes") == {"Authorization": f"Bearer {SECRET}"}


# A file's text, and what the line says.
BAD = [
    ("", "--mcp-config must hold keys with values"),
    ("servers: [", "--mcp-config must be valid yaml"),
    ("servers: {}", "servers must hold a server for each name, got {}"),
    ("servers: [a]", "servers must hold a server for each name"),
    ("mcpServers: {}", "got 'mcpServers'. Did you mean servers?"),
    ("server: {}", "got 'server'. Did you mean servers?"),
    ("servers: {}\nlevel: 3", "got 'level'. Known keys are servers."),
    ("servers:\n  a b: {command: x}", "a server's name must be 1 to 40 letters, digits, - or _, got 'a b'"),
    (f"{S}python", "servers.x must hold keys with values, got 'python'"),
    (f"{S}{{}}", "servers.x must have either command or url, got neither"),
    (f"{S}{{command: a, url: 'http://b'}}", "servers.x must have either command or url, got both"),
    (f"{S}{{comand: a}}", "got servers.x.'comand'. Did you mean command?"),
    (f"{S}{{command: a, trust_readonly: true}}", "Did you mean trust_read_only?"),
    (f"{S}{{command: a, command: b}}", "command is there twice"),
    (f"{S}{{command: 7}}", "servers.x.command must be a program's name or path, got 7"),
    (f"{S}{{command: ''}}", "servers.x.command must be a program's name or path, got ''"),
    (f"{S}{{command: a, args: b.py}}", "servers.x.args must be a list of texts, got 'b.py'"),
    (f"{S}{{command: a, args: [1]}}", "servers.x.args must be a list of texts, got 1"),
    (f"{S}{{command: a, url_: x}}", "Did you mean url?"),
    (f"{S}{{command: a, headers: {{A: B}}}}", "servers.x.headers must only be used with url"),
    (f"{S}{{url: 'http://h', args: []}}", "servers.x.args must only be used with command"),
    (f"{S}{{command: a, transport: sse}}", "servers.x.transport must be stdio or http, got 'sse'"),
    (f"{S}{{command: a, timeout: 0}}", "servers.x.timeout must be a number of seconds > 0"),
    (f"{S}{{command: a, timeout: soon}}", "servers.x.timeout must be a number of seconds > 0"),
    (f"{S}{{command: a, trust_read_only: 1}}", "servers.x.trust_read_only must be true or false, got 1"),
    (f"{S}{{command: a, tools: []}}", "servers.x.tools must be a list of tools' names, at least one, got []"),
    (f"{S}{{command: a, env: {{API_TOKEN: {SECRET}}}}}", "servers.x.env must be texts by the names of variables"),
    (f"{S}{{command: a, env: {{N: 1}}}}", "servers.x.env must be texts by the names of variables"),
    (f"{S}{{command: a, env: {{a b: c}}}}", "servers.x.env must be texts by the names of variables"),
    (f"{S}{{command: a, pass_env: ['{SECRET}']}}", "servers.x.pass_env must be a list of environment variables' names"),
    (f"{S}{{url: 'http://h', headers: {{Authorization: 'Bearer {SECRET}'}}}}", "servers.x.headers must be names of"),
    (f"{S}{{url: 'http://me:{SECRET}@h'}}", "servers.x.url must be an address such as http://127.0.0.1:8391/mcp"),
    (f"{S}{{url: localhost}}", "servers.x.url must be an address such as"),
    (f"{S}{{url: 'http://['}}", "servers.x.url must be an address such as"),
]


@pytest.mark.parametrize(("text", "says"), BAD, ids=range(len(BAD)))
def test_a_wrong_file_is_refused_in_one_line_without_secrets(tmp_path, text, says):
    file = tmp_path / "mcp.yaml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        McpConfig.from_yaml(file)
    said = str(caught.value)
    assert says in said
    assert "\n" not in said and SECRET not in said and str(file) in said


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (
            {"command": "no-such-program"},
            "servers.x.command must be a program that can be found and run, got 'no-such-",
        ),
        ({"command": "./README.md"}, "servers.x.command must be a program that can be found and run"),
        ({"command": "python", "cwd": "no-such-folder"}, "servers.x.cwd must be a folder that is there"),
        ({"command": "python", "pass_env": ["NO_SUCH_VARIABLE"]}, "plain text of one line, got NO_SUCH_VARIABLE"),
        ({"command": "python", "pass_env": ["TWO_LINES"]}, "plain text of one line, got TWO_LINES"),
        ({"command": "python", "pass_env": ["S" * 60]}, "plain text of one line, got another text"),
    ],
)
def test_what_is_not_there_is_refused_before_anything_starts(monkeypatch, keys, says):
    monkeypatch.setenv("TWO_LINES", f"{SECRET}\nInjected: header")
    found = config(x=keys)
    with pytest.raises(CourseError) as caught:
        program(found.servers["x"], "x", found.folder)
    assert says in str(caught.value) and SECRET not in str(caught.value)
