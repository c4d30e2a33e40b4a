import socket

import pytest
from aiohttp.abc import ResolveResult

from rollcall.routes.push.endpoints import EndpointError, PublicResolver, read_endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:def",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
        "https://web.push.apple.com/QGuQyavXutnMH",
        "https://push.example.org:8443/p?x=1",
        "https://8.8.8.8/p",
        "https://[2606:4700::1111]/p",
    ],
)
def test_push_services_on_the_internet_are_called(endpoint: str) -> None:
    assert str(read_endpoint(endpoint, (), allows_loopback=False)) == endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "somewhere else",
        "http://push.example.org/p",
        "ftp://push.example.org/p",
        "file:///etc/passwd",
        "https://user:secret@push.example.org/p",
        "https:///p",
        "https://localhost/p",
        "https://intranet/p",
        "https://127.0.0.1/p",
        "https://10.0.0.1/p",
        "https://172.16.0.1/p",
        "https://192.168.1.1/p",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/p",
        "https://0.0.0.0/p",
        "https://224.0.0.1/p",
        "https://[::1]/p",
        "https://[fc00::1]/p",
        "https://[fe80::1]/p",
        "https://[::ffff:10.0.0.1]/p",
        "https://[64:ff9b::a00:1]/p",
        "https://[2002:a00:1::]/p",
        "https://push.example.org/" + "a" * 2048,
    ],
)
def test_nothing_of_our_own_networks_is_called(endpoint: str) -> None:
    with pytest.raises(EndpointError) as told:
        read_endpoint(endpoint, (), allows_loopback=False)
    assert not endpoint or endpoint not in str(told.value)


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:8080/p", "http://localhost:8080/p", "https://[::1]:8080/p"]
)
def test_this_machine_is_called_only_where_that_is_allowed(endpoint: str) -> None:
    assert str(read_endpoint(endpoint, (), allows_loopback=True)) == endpoint
    with pytest.raises(EndpointError):
        read_endpoint(endpoint, (), allows_loopback=False)


@pytest.mark.parametrize("endpoint", ["http://10.0.0.1/p", "http://push.example.org/p"])
def test_to_allow_this_machine_allows_no_other(endpoint: str) -> None:
    with pytest.raises(EndpointError):
        read_endpoint(endpoint, (), allows_loopback=True)


def test_an_operator_can_name_the_push_services() -> None:
    hosts = ("fcm.googleapis.com", "push.apple.com")
    assert read_endpoint("https://fcm.googleapis.com/p", hosts, allows_loopback=False)
    assert read_endpoint("https://web.push.apple.com/p", hosts, allows_loopback=False)
    for other in ("https://evil-push.apple.com.example.org/p", "https://notpush.apple.com/p"):
        with pytest.raises(EndpointError, match="no push service that may be called"):
            read_endpoint(other, hosts, allows_loopback=False)


@pytest.mark.parametrize("name", ["localhost", "127.1", "0x7f000001"])
async def test_a_name_that_stands_for_this_machine_is_not_known(name: str) -> None:
    with pytest.raises(OSError, match=r"no public address|Name or service|not known|family"):
        await PublicResolver(allows_loopback=False).resolve(name, 443, socket.AF_INET)


async def test_where_this_machine_is_allowed_its_name_is_known() -> None:
    found: list[ResolveResult] = await PublicResolver(allows_loopback=True).resolve(
        "localhost", 443, socket.AF_INET
    )
    assert [one["host"] for one in found] == ["127.0.0.1"]
