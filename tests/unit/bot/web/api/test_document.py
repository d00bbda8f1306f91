"""The OpenAPI document is valid and says everything that the routes do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from bot.web.api.document import build_document, kinds_of
from bot.web.api.route import AnyRoute

Routes = tuple[AnyRoute, ...]


@pytest.fixture
def document(routes: Routes) -> dict[str, Any]:
    """Return the document as clients read it."""
    found: dict[str, Any] = json.loads(json.dumps(build_document(routes, server="/api/v1")))
    return found


def _operation(document: dict[str, Any], path: str, method: str = "get") -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][path][method]
    return found


def test_it_is_valid(document: dict[str, Any]) -> None:
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_the_check_finds_what_is_not_valid(document: dict[str, Any]) -> None:
    del document["paths"]["/customers/{customer_id}"]["get"]["responses"]
    _operation(document, "/me")["parameters"] = [{"name": "x", "in": "nowhere"}]
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) != []


def test_every_operation_has_a_name_of_its_own_and_needs_a_key(document: dict[str, Any], routes: Routes) -> None:
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    assert len({operation["operationId"] for operation in operations}) == len(routes)
    assert document["security"] == [{"key": []}]
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert [operation for operation in operations if "security" in operation] == []


def test_every_problem_of_a_route_is_said_with_its_content_type(document: dict[str, Any], routes: Routes) -> None:
    for route in routes:
        responses = _operation(document, route.path, route.method.lower())["responses"]
        assert set(responses) == {"200"} | {str(kind.status) for kind in kinds_of(route)}
        for kind in kinds_of(route):
            response = responses[str(kind.status)]
            assert f"`{kind.word}`" in response["description"]
            assert list(response["content"]) == ["application/problem+json"]
            assert response["content"]["application/problem+json"]["schema"]["$ref"].endswith("/Problem")


@pytest.mark.parametrize(
    ("path", "method", "statuses"),
    [
        ("/me", "get", "200 401 422 500 503"),
        ("/customers", "get", "200 401 403 422 500 503"),
        ("/customers/{customer_id}", "get", "200 401 403 404 422 500 503"),
        ("/customers/{customer_id}/owner", "put", "200 400 401 403 404 409 413 415 422 500 503"),
    ],
)
def test_each_sort_of_route_has_its_answers(document: dict[str, Any], path: str, method: str, statuses: str) -> None:
    assert list(_operation(document, path, method)["responses"]) == statuses.split()


def test_parameters_stand_where_they_are_read_with_their_limits(document: dict[str, Any]) -> None:
    found = {
        parameter["name"]: (parameter["in"], parameter["required"], parameter["schema"])
        for parameter in _operation(document, "/customers/{customer_id}/timeline")["parameters"]
    }
    assert found == {
        "customer_id": ("path", True, {"type": "integer", "minimum": 1, "maximum": 2**63 - 1, "examples": [1]}),
        "limit": ("query", False, {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}),
        "cursor": ("query", False, {"type": "string", "pattern": "^t([0-7][0-9a-f]{15}){3}$"}),
    }


def test_every_parameter_is_explained(document: dict[str, Any]) -> None:
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    assert [
        parameter["name"]
        for operation in operations
        for parameter in operation["parameters"]
        if not parameter["description"]
    ] == []


def test_a_write_asks_for_its_key_and_takes_nothing_but_what_it_knows(document: dict[str, Any]) -> None:
    operation = _operation(document, "/customers/{customer_id}/owner", "put")
    [key] = [parameter for parameter in operation["parameters"] if parameter["in"] == "header"]
    body = document["components"]["schemas"]["NewOwner"]

    assert (key["name"], key["required"], key["schema"]["pattern"]) == ("Idempotency-Key", True, "^[!-~]{1,128}$")
    assert (operation["requestBody"]["required"], body["additionalProperties"]) == (True, False)
    assert (body["required"], set(body["properties"])) == (["userid"], {"userid", "realm"})


def test_answers_say_all_of_their_fields(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name in ("Customer", "ShownMessage", "ShownStaff", "ShownEntry", "Me", "Ownership", "CustomerPage"):
        assert set(schemas[name]["required"]) == set(schemas[name]["properties"]), name


def test_no_host_stands_in_it_unless_one_is_set(routes: Routes) -> None:
    assert build_document(routes, server="/api/v1")["servers"] == [{"url": "/api/v1"}]
    assert "://" not in json.dumps(build_document(routes, server="/api/v1"))
