"""Which proxy a server gets, as Go's httpproxy decides it."""

import sys

import pytest

from grpcdemo.errors import UsageError
from grpcdemo.kube.access.hosts import is_this_machine
from grpcdemo.kube.access.proxies import Proxy, choose_proxy

SERVER = "https://api.example.com:6443"
PROXY = "http://proxy:3128"
TLS_IN_TLS = pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio starts TLS over TLS since Python 3.11")


def chosen(server: str = SERVER, proxy_url: str = "", **environment: str) -> str | None:
    proxy = choose_proxy(server, proxy_url=proxy_url, environment=environment)
    return proxy.url if proxy else None


@pytest.mark.parametrize(
    ("server", "environment", "proxy"),
    [
        (SERVER, {}, None),
        (SERVER, {"HTTPS_PROXY": PROXY}, PROXY),
        (SERVER, {"https_proxy": PROXY}, PROXY),
        (SERVER, {"HTTPS_PROXY": "", "https_proxy": PROXY}, PROXY),
        (SERVER, {"HTTPS_PROXY": PROXY, "https_proxy": "http://lower:1"}, PROXY),
        (SERVER, {"HTTP_PROXY": PROXY, "ALL_PROXY": PROXY, "all_proxy": PROXY}, None),
        (SERVER, {"HTTPS_PROXY": "proxy:3128"}, PROXY),
        (SERVER, {"HTTPS_PROXY": "10.0.0.1:3128"}, "http://10.0.0.1:3128"),
        (SERVER, {"HTTPS_PROXY": "me:secret@proxy:3128"}, "http://me:secret@proxy:3128"),
        pytest.param(SERVER, {"HTTPS_PROXY": "https://proxy"}, "https://proxy", marks=TLS_IN_TLS),
        (SERVER, {"HTTPS_PROXY": "socks5://proxy"}, "socks5://proxy"),
        (SERVER, {"HTTPS_PROXY": "socks5h://proxy"}, "socks5h://proxy"),
        ("http://api.example.com", {"HTTPS_PROXY": PROXY}, None),
        ("http://api.example.com", {"HTTP_PROXY": PROXY}, PROXY),
        ("http://api.example.com", {"http_proxy": PROXY}, PROXY),
    ],
)
def test_the_variable_for_the_servers_scheme(server: str, environment: dict[str, str], proxy: str | None) -> None:
    assert chosen(server, **environment) == proxy


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]"],
)
def test_no_proxy_of_the_environment_is_for_this_machine(host: str) -> None:
    assert chosen(f"https://{host}:6443", HTTPS_PROXY=PROXY) is None
    assert chosen(f"https://{host}:6443", HTTPS_PROXY="not a URL") is None


@pytest.mark.parametrize(
    "host", ["foo.localhost", "localhost.example.com", "127.0.0.1.example.com", "128.0.0.1", "host.docker.internal"]
)
def test_what_only_resembles_this_machine_has_the_proxy(host: str) -> None:
    assert chosen(f"https://{host}:6443", HTTPS_PROXY=PROXY) == PROXY


@pytest.mark.parametrize(
    ("host", "matching", "others"),
    [
        (
            "api.example.com:6443",
            "example.com  .example.com  *.example.com  api.example.com  API.Example.Com  com  *  "
            "example.com:6443  .example.com:6443  *.example.com:6443  x,example.com  x,*  example.com,  example.com:",
            "example  le.com  ample.com  pi.example.com  example.com:443  *example.com  a*.com  example.com.  "
            "https://example.com  example.com/8  b.api.example.com  :6443  *:6443  .  ,",
        ),
        ("example.com", "example.com  example.com:443", ".example.com  *.example.com  example.com:80"),
        ("notexample.com", "notexample.com", "example.com  .example.com"),
        (
            "10.1.2.3:6443",
            "10.1.2.3  10.1.2.3:6443  10.0.0.0/8  10.1.2.3/32  10.9.9.9/8  ::ffff:10.1.2.3  0.0.0.0/0  *",
            "10.1.2.3:443  10.2.0.0/16  10.1.2  10.  3  10.1.2.3/33  10.1.2.3/255.0.0.0  10.0.0.0/8:6443  ::/0  /8",
        ),
        (
            "[2001:db8::1]:6443",
            "2001:db8::1  2001:DB8:0::1  [2001:db8::1]:6443  2001:db8::/32  ::/0",
            "2001:db8::2  [2001:db8::1]  [2001:db8::1]:443  0.0.0.0/0  2001:db9::/32",
        ),
        ("münchen.de", "münchen.de  xn--mnchen-3ya.de  MÜNCHEN.de", "munchen.de"),
        ("api.xn--mnchen-3ya.de", "münchen.de  .münchen.de  *.münchen.de", "münchen.de:80"),
    ],
)
def test_the_grammar_of_no_proxy(host: str, matching: str, others: str) -> None:
    def is_direct(entry: str) -> bool:
        return chosen(f"https://{host}", HTTPS_PROXY=PROXY, NO_PROXY=entry) is None

    assert [entry for entry in matching.split("  ") if not is_direct(entry)] == []
    assert [entry for entry in others.split("  ") if is_direct(entry)] == []


def test_no_proxy_has_spaces_and_two_cases() -> None:
    assert chosen(HTTPS_PROXY=PROXY, NO_PROXY=" other.org , example.com ") is None
    assert chosen(HTTPS_PROXY=PROXY, NO_PROXY="other.org example.com") == PROXY
    assert chosen(HTTPS_PROXY=PROXY, no_proxy="example.com") is None
    assert chosen(HTTPS_PROXY=PROXY, NO_PROXY="other.org", no_proxy="example.com") == PROXY


@pytest.mark.parametrize("server", [SERVER, "https://127.0.0.1:6443", "https://localhost"])
def test_the_proxy_of_the_kubeconfig_goes_before_the_environment(server: str) -> None:
    others = {"HTTPS_PROXY": "http://other:1", "NO_PROXY": "*"}
    assert chosen(server, PROXY, **others) == PROXY


@pytest.mark.parametrize(
    "url",
    [
        "not a URL",
        "http://",
        "http://canary@",
        "http:///path",
        "http://me:canary@proxy:port",
        "http://me:canary@proxy:99999",
        "http://me:canary@[::1",
        "http://me:canary%@proxy:3128",
        "http://me:canary@proxy:3128\n",
        "//me:canary@proxy",
    ],
)
@pytest.mark.parametrize("field", ["HTTPS_PROXY", "proxy-url"])
def test_a_proxy_that_is_no_url_is_refused_without_its_words(field: str, url: str) -> None:
    with pytest.raises(UsageError, match=field) as refused:
        chosen(proxy_url=url) if field == "proxy-url" else chosen(HTTPS_PROXY=url)
    assert "not a URL" in refused.value.message
    assert "canary" not in f"{refused.value.message} {refused.value.hint}"


@pytest.mark.parametrize("scheme", ["socks4", "ftp", "quic"])
def test_a_proxy_of_another_kind_is_refused_by_name(scheme: str) -> None:
    with pytest.raises(UsageError) as refused:
        chosen(HTTPS_PROXY=f"{scheme}://me:canary@proxy:1080")
    assert refused.value.message.startswith(
        f"the proxy {scheme}://proxy:1080 (HTTPS_PROXY) has the unsupported scheme {scheme}"
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://proxy:3128", "http://proxy:3128 (HTTPS_PROXY)"),
        ("http://me:canary@proxy:3128", "http://proxy:3128 (HTTPS_PROXY)"),
        ("http://canary@proxy", "http://proxy (HTTPS_PROXY)"),
        ("http://me:canary@canary@proxy:3128", "http://proxy:3128 (HTTPS_PROXY)"),
        ("http://me:canary://x@proxy:3128", "http://proxy:3128 (HTTPS_PROXY)"),
    ],
)
def test_a_proxy_is_shown_without_its_credentials(url: str, shown: str) -> None:
    proxy = Proxy(url, "HTTPS_PROXY")
    assert str(proxy) == shown
    assert "canary" not in repr(proxy)


def test_names_of_this_machine() -> None:
    own = "localhost LOCALHOST localhost. k3d.localhost 127.0.0.1 127.9.9.9 ::1 ::ffff:127.0.0.1 0.0.0.0 ::"
    others = "localhost.example.com 127.0.0.1.example.com 192.168.49.2 10.0.0.1 example.com notlocalhost fe80::1%eth0"
    assert [host for host in ["host.docker.internal", *own.split()] if not is_this_machine(host)] == []
    assert [host for host in ["", *others.split()] if is_this_machine(host)] == []
