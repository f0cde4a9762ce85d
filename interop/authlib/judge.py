"""Authlib with requests against a real server.

Spec: RFC 6749, RFC 7009, RFC 7523, RFC 7636, RFC 7662, RFC 8628, RFC 9207; OpenID Connect Core
"""

import sys
import time
import traceback
import urllib.parse

from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from person import Person
from server import Server

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
CALLBACK = "http://127.0.0.1:9/callback"
SECRET = "mosaic-dolphin-0042-secret-of-the-notes"
KEY = ECKey.generate_key("P-256", parameters={"kid": "notes-1"})
PUBLIC = KEY.as_dict(private=False)

DECLARATIONS = f"""
[[scopes]]
name = "notes"
description = "Read your notes"

[[people]]
username = "grace"
subject = "person-90cc"
password = "harbour-nine-pixel-oak"
claims = {{ name = "Grace Hopper", email = "grace@people.example", email_verified = true }}

[[clients]]
client_id = "notes"
client_name = "Notes"
client_secret = "{SECRET}"
redirect_uris = ["{CALLBACK}"]
grant_types = ["authorization_code", "refresh_token", "client_credentials"]

[[clients]]
client_id = "notes-post"
client_secret = "{SECRET}"
token_endpoint_auth_method = "client_secret_post"
redirect_uris = ["{CALLBACK}"]

[[clients]]
client_id = "notes-key"
redirect_uris = ["{CALLBACK}"]
assertion_audience = "token_endpoint"
jwks = {{ keys = [{{ kty = "EC", crv = "P-256", x = "{PUBLIC['x']}", y = "{PUBLIC['y']}", kid = "notes-1", alg = "ES256" }}] }}

[[clients]]
client_id = "strict-key"
grant_types = ["client_credentials"]
jwks = {{ keys = [{{ kty = "EC", crv = "P-256", x = "{PUBLIC['x']}", y = "{PUBLIC['y']}", kid = "notes-1", alg = "ES256" }}] }}

[[clients]]
client_id = "reader"
client_name = "Reader"
grant_types = ["refresh_token", "{DEVICE_CODE}"]
"""


class Judge:
    def __init__(self):
        self.server = Server(DECLARATIONS)
        self.ends = self.server.metadata

    def session(self, client_id, **options):
        options.setdefault("redirect_uri", CALLBACK)
        session = OAuth2Session(client_id, code_challenge_method="S256", **options)
        session.default_timeout = 20
        return session

    def with_key(self, client_id):
        session = self.session(client_id, client_secret=KEY, token_endpoint_auth_method="private_key_jwt")
        session.register_client_auth_method(PrivateKeyJWT(self.ends["token_endpoint"], alg="ES256", headers={"kid": "notes-1"}))
        return session

    def grace(self):
        return Person("grace", "harbour-nine-pixel-oak")

    def code_flow(self, session, scope="openid profile email notes offline_access", decision="approve", **parameters):
        verifier, nonce = generate_token(48), generate_token(20)
        url, state = session.create_authorization_url(
            self.ends["authorization_endpoint"], scope=scope, code_verifier=verifier, nonce=nonce, **parameters
        )
        answer = self.grace().go_through(url, CALLBACK, decision)
        brought = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer).query))
        assert brought["iss"] == self.server.issuer, brought
        if "error" in brought:
            # The library leaves this to whoever calls it.
            raise OAuthError(brought["error"], brought.get("error_description"))
        token = session.fetch_token(
            self.ends["token_endpoint"], authorization_response=answer, state=state, code_verifier=verifier
        )
        return token, self.id_claims(token["id_token"], session.client_id, nonce)

    def id_claims(self, id_token, client_id, nonce=None):
        keys = KeySet.import_key_set(self.session(client_id).request("GET", self.ends["jwks_uri"], withhold_token=True).json())
        token = jwt.decode(id_token, keys, algorithms=["RS256"])
        wanted = {"iss": {"essential": True, "value": self.server.issuer}, "aud": {"essential": True, "value": client_id}}
        if nonce:
            wanted["nonce"] = {"essential": True, "value": nonce}
        jwt.JWTClaimsRegistry(sub={"essential": True}, exp={"essential": True}, iat={"essential": True}, **wanted).validate(token.claims)
        return token.claims

    def introspect(self, session, token):
        return session.introspect_token(self.ends["introspection_endpoint"], token=token).json()

    # The cases.

    def code_flow_then_everything(self):
        session = self.session("notes", client_secret=SECRET)
        token, claims = self.code_flow(session)
        assert claims["sub"] == "person-90cc"
        known = session.get(self.ends["userinfo_endpoint"]).json()
        assert (known["sub"], known["email"]) == ("person-90cc", "grace@people.example"), known
        assert self.introspect(session, token["access_token"])["active"] is True
        renewed = session.refresh_token(self.ends["token_endpoint"], refresh_token=token["refresh_token"])
        assert renewed["access_token"] != token["access_token"]
        seen = self.introspect(session, renewed["access_token"])
        assert seen["active"] is True and seen["client_id"] == "notes", seen
        last = renewed.get("refresh_token") or token["refresh_token"]
        reply = session.revoke_token(self.ends["revocation_endpoint"], token=last, token_type_hint="refresh_token")
        assert reply.status_code == 200
        assert self.introspect(session, renewed["access_token"]) == {"active": False}
        assert session.get(self.ends["userinfo_endpoint"]).status_code == 401
        self.refused("invalid_grant", lambda: session.refresh_token(self.ends["token_endpoint"], refresh_token=last))

    def secret_in_the_body(self):
        session = self.session("notes-post", client_secret=SECRET, token_endpoint_auth_method="client_secret_post")
        token, _ = self.code_flow(session, scope="openid notes")
        assert self.introspect(session, token["access_token"])["active"] is True

    def private_key_jwt_for_the_token_endpoint(self):
        session = self.with_key("notes-key")
        token, claims = self.code_flow(session, scope="openid notes")
        assert claims["sub"] == "person-90cc"
        assert self.introspect(session, token["access_token"])["active"] is True

    def private_key_jwt_for_the_token_endpoint_needs_the_setting(self):
        session = self.with_key("strict-key")
        self.refused("invalid_client", lambda: session.fetch_token(self.ends["token_endpoint"], grant_type="client_credentials"))

    def client_credentials(self):
        session = self.session("notes", client_secret=SECRET)
        token = session.fetch_token(self.ends["token_endpoint"], grant_type="client_credentials", scope="notes")
        assert "refresh_token" not in token
        assert self.introspect(session, token["access_token"])["active"] is True
        session.revoke_token(self.ends["revocation_endpoint"], token=token["access_token"])
        assert self.introspect(session, token["access_token"]) == {"active": False}

    def denial(self):
        session = self.session("notes", client_secret=SECRET)
        self.refused("access_denied", lambda: self.code_flow(session, decision="deny"))

    def wrong_secret(self):
        session = self.session("notes", client_secret="not-the-secret")
        self.refused("invalid_client", lambda: session.fetch_token(self.ends["token_endpoint"], grant_type="client_credentials"))

    def device_flow(self):
        session, begun = self.begin("openid profile notes offline_access")
        self.pending(session, begun)
        assert self.grace().go_through(begun["verification_uri_complete"]) == "approved"
        time.sleep(begun["interval"])
        token = self.poll(session, begun)
        assert self.id_claims(token["id_token"], "reader")["sub"] == "person-90cc"
        assert session.get(self.ends["userinfo_endpoint"]).json()["name"] == "Grace Hopper"
        first = token["refresh_token"]
        renewed = session.refresh_token(self.ends["token_endpoint"], refresh_token=first)
        assert renewed["refresh_token"] != first, "a public client rotates"
        session.revoke_token(self.ends["revocation_endpoint"], token=renewed["refresh_token"])
        assert session.get(self.ends["userinfo_endpoint"]).status_code == 401

    def device_flow_too_fast_and_denied(self):
        session, begun = self.begin("openid")
        self.pending(session, begun)
        self.refused("slow_down", lambda: self.poll(session, begun))
        assert self.grace().go_through(begun["verification_uri_complete"], decision="deny") == "denied"
        time.sleep(begun["interval"] + 5)
        self.refused("access_denied", lambda: self.poll(session, begun))

    def begin(self, scope):
        session = self.session("reader", token_endpoint_auth_method="none")
        reply = session.post(
            self.ends["device_authorization_endpoint"], data={"client_id": "reader", "scope": scope}, withhold_token=True
        )
        begun = reply.json()
        assert reply.status_code == 200 and begun["interval"] == 1, begun
        return session, begun

    def poll(self, session, begun):
        return session.fetch_token(
            self.ends["token_endpoint"], grant_type=DEVICE_CODE, device_code=begun["device_code"]
        )

    def pending(self, session, begun):
        time.sleep(begun["interval"])
        self.refused("authorization_pending", lambda: self.poll(session, begun))

    @staticmethod
    def refused(code, attempt):
        try:
            got = attempt()
        except OAuthError as error:
            assert error.error == code, f"{error.error} instead of {code}: {error.description}"
            return
        raise AssertionError(f"no {code} but {got!r}")


CASES = [
    Judge.code_flow_then_everything,
    Judge.secret_in_the_body,
    Judge.private_key_jwt_for_the_token_endpoint,
    Judge.private_key_jwt_for_the_token_endpoint_needs_the_setting,
    Judge.client_credentials,
    Judge.denial,
    Judge.wrong_secret,
    Judge.device_flow,
    Judge.device_flow_too_fast_and_denied,
]


def main(words):
    judge = Judge()
    passed = failed = 0
    try:
        for case in CASES:
            if words and not any(word in case.__name__ for word in words):
                continue
            try:
                case(judge)
                passed += 1
                print(f"ok {case.__name__}", flush=True)
            except Exception:  # the next case still has to run
                failed += 1
                print(f"FAILED {case.__name__}\n{traceback.format_exc()}", flush=True)
    finally:
        judge.server.stop()
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
