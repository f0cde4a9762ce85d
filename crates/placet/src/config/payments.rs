//! GNAP, Open Payments and tenants, parsed.

use std::net::SocketAddr;

use data_encoding::BASE64URL_NOPAD;
use placet_core::{id::Id, tenant::Tenant};
use placet_gnap::{
    hash::HashEncoding,
    open_payments::{ClientPolicies, InteractionSettings, PolicyClient, WalletAddress},
};

use super::{
    confidential::Confidential,
    origin::Origin,
    problem::Fault,
    reader::{Found, Reader},
    server,
};

/// The length of a key's thumbprint: that of SHA-256.
const THUMBPRINT_BYTES: usize = 32;

/// GNAP as it is set.
#[derive(Clone, Copy, Debug)]
pub struct Gnap {
    /// Whether it is spoken.
    pub enabled: bool,
    /// Whether its tokens outlive their own rotation.
    pub durable_tokens: bool,
}

/// Open Payments as it is set.
#[derive(Clone, Debug)]
pub struct OpenPayments {
    /// The tenant that is the server itself.
    pub operator_tenant: Id<Tenant>,
    /// A listener of its own, and the origin it is known by.
    pub own: Option<(SocketAddr, Origin)>,
    /// The listener of resource servers.
    pub introspection_listen: Option<SocketAddr>,
    /// Who asks the operator's people.
    pub idp: Option<Provider>,
    /// What people are asked about.
    pub interaction: InteractionSettings,
    /// The same for clients with a rule of their own.
    pub clients: ClientPolicies,
    /// How the interaction hash is written.
    pub hash_encoding: HashEncoding,
    /// Whether signatures have to be fresh.
    pub check_created: bool,
}

/// An identity provider as it is written.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Where people are sent.
    pub consent_url: String,
    /// What it names itself by.
    pub secret: Confidential,
}

/// A tenant as it is declared.
#[derive(Clone, Debug)]
pub struct DeclaredTenant {
    /// Its id.
    pub id: Id<Tenant>,
    /// Who asks its people.
    pub idp: Option<Provider>,
    /// What signs its calls.
    pub api_secret: Option<Confidential>,
}

impl DeclaredTenant {
    /// Everything that is declared, as one text.
    pub fn fingerprint(&self) -> Confidential {
        let idp = self.idp.as_ref();
        let content = serde_json::json!([
            Tenant::uuid_of(self.id),
            idp.map(|idp| &idp.consent_url),
            idp.map(|idp| idp.secret.reveal()),
            self.api_secret.as_ref().map(Confidential::reveal),
        ]);
        Confidential::new(content.to_string())
    }
}

fn tenant_id(reader: &Reader<'_>, name: &str) -> Option<Found<Id<Tenant>>> {
    reader.parsed(name, |text| {
        Tenant::parse_uuid(text).map_err(|_| {
            Fault::new(format!("must be a UUID with its hyphens, not {text:?}"))
                .hint("for example \"cf5fd7d3-1eb1-4041-8e43-ba45747e9e5d\"")
        })
    })
}

/// Whether a text is an address at which people can be asked.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check_consent_url(text: &str) -> Result<(), Fault> {
    consent_url(text).map(|_| ())
}

fn consent_url(text: &str) -> Result<String, Fault> {
    let url =
        url::Url::parse(text).map_err(|error| Fault::new(format!("is not a URL: {error}")))?;
    let web = matches!(url.scheme(), "https" | "http") && url.fragment().is_none();
    if web {
        Ok(text.to_owned())
    } else {
        Err(Fault::new(
            "must be an http or https address without a fragment",
        ))
    }
}

/// Reads `[gnap]`.
pub(crate) fn gnap(reader: &Reader<'_>) -> Gnap {
    Gnap {
        enabled: reader.flag("enabled"),
        durable_tokens: reader.flag("durable_tokens"),
    }
}

/// Reads `[open_payments]`.
pub(crate) fn open_payments(reader: &Reader<'_>) -> Option<OpenPayments> {
    let operator_tenant = tenant_id(reader, "operator_tenant");
    let listen = server::address(reader, "listen");
    let origin = reader.parsed("public_origin", Origin::parse);
    let introspection = server::address(reader, "introspection_listen");
    for (written, missing) in [("listen", "public_origin"), ("public_origin", "listen")] {
        if reader.has(written) && !reader.has(missing) {
            let fault = Fault::new(format!("is missing beside open_payments.{written}"));
            reader.error(&reader.place_of(written), missing, fault);
        }
    }
    if let Some(origin) = &origin
        && !origin.value.path().is_empty()
    {
        reader.error(
            &origin.place,
            "public_origin",
            Fault::new("must have no path: that listener has Open Payments at its root"),
        );
    }
    if let Some(listen) = &introspection
        && !listen.value.ip().is_loopback()
    {
        let fault = Fault::new("is reachable from other machines, and asks nobody who they are");
        reader.warning(
            &listen.place,
            "introspection_listen",
            fault.hint("listen on loopback, or keep the network closed"),
        );
    }
    let url = reader.parsed("idp_consent_url", consent_url);
    let secret = reader.secret_file("idp_secret_file");
    for (written, missing) in [
        ("idp_consent_url", "idp_secret_file"),
        ("idp_secret_file", "idp_consent_url"),
    ] {
        if reader.has(written) && !reader.has(missing) {
            let fault = Fault::new(format!("is missing beside open_payments.{written}"));
            reader.error(&reader.place_of(written), missing, fault);
        }
    }
    if let Some(secret) = &secret {
        server::warn_if_weak(reader, "idp_secret_file", secret);
    }
    let encoding = reader.choice("hash_encoding");
    let interaction = interaction(reader);
    let check_created = reader.flag("check_created");
    let clients = clients(reader, interaction);
    Some(OpenPayments {
        operator_tenant: operator_tenant?.value,
        own: listen
            .zip(origin)
            .map(|(listen, origin)| (listen.value, origin.value)),
        introspection_listen: introspection.map(|found| found.value),
        idp: url.zip(secret).map(|(url, secret)| Provider {
            consent_url: url.value,
            secret: secret.value,
        }),
        interaction,
        clients,
        hash_encoding: if encoding?.value == "base64url" {
            HashEncoding::Base64Url
        } else {
            HashEncoding::Base64
        },
        check_created,
    })
}

/// What people are asked about by all clients.
fn interaction(reader: &Reader<'_>) -> InteractionSettings {
    InteractionSettings {
        incoming_payment: reader.flag("incoming_payment_interaction"),
        quote: reader.flag("quote_interaction"),
        list_all: reader.flag("list_all_interaction"),
    }
}

/// Reads `[[open_payments.clients]]`. What an entry does not say is as for all clients.
fn clients(payments: &Reader<'_>, of_all: InteractionSettings) -> ClientPolicies {
    let mut policies = ClientPolicies::default();
    for reader in payments.entries("clients") {
        let flag = |name: &str, of_all: bool| {
            if reader.has(name) {
                reader.flag(name)
            } else {
                of_all
            }
        };
        let settings = InteractionSettings {
            incoming_payment: flag("incoming_payment_interaction", of_all.incoming_payment),
            quote: flag("quote_interaction", of_all.quote),
            list_all: flag("list_all_interaction", of_all.list_all),
        };
        if let Some(client) = policy_client(&reader)
            && !policies.add(&client.value, settings)
        {
            let name = match client.value {
                PolicyClient::Wallet(_) => "wallet_address",
                PolicyClient::Key(_) => "key_thumbprint",
            };
            reader.error(&client.place, name, Fault::new("has an entry already"));
        }
    }
    policies
}

/// Whom an entry is about. `None` when it does not say, or says both.
fn policy_client(reader: &Reader<'_>) -> Option<Found<PolicyClient>> {
    let wallet = reader.parsed("wallet_address", |text| {
        WalletAddress::parse(text).ok_or_else(|| {
            Fault::new(format!(
                "must be the https address of a wallet, not {text:?}"
            ))
            .hint("without query and fragment; a payment pointer ($…) has one too")
        })
    });
    let key = reader.parsed("key_thumbprint", |text| {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes());
        match bytes {
            Ok(bytes) if bytes.len() == THUMBPRINT_BYTES => Ok(text.to_owned()),
            Ok(_) | Err(_) => Err(Fault::new(
                "must be the SHA-256 thumbprint of a key (RFC 7638): 43 characters of base64url",
            )),
        }
    });
    let (has_wallet, has_key) = (reader.has("wallet_address"), reader.has("key_thumbprint"));
    if has_wallet == has_key {
        let (name, told) = if has_key {
            ("key_thumbprint", "does not go together with wallet_address")
        } else {
            ("wallet_address", "is missing: say whom the entry is about")
        };
        let hint = "one of wallet_address and key_thumbprint";
        reader.error(&reader.place_of(name), name, Fault::new(told).hint(hint));
        return None;
    }
    let wallet = wallet.map(|found| Found {
        value: PolicyClient::Wallet(found.value),
        place: found.place,
    });
    let key = key.map(|found| Found {
        value: PolicyClient::Key(found.value),
        place: found.place,
    });
    wallet.or(key)
}

/// Reads `[[tenants]]`.
pub(crate) fn tenants(top: &Reader<'_>) -> Vec<DeclaredTenant> {
    top.entries("tenants").iter().filter_map(tenant).collect()
}

fn tenant(reader: &Reader<'_>) -> Option<DeclaredTenant> {
    let id = tenant_id(reader, "id");
    let url = reader.parsed("idp_consent_url", consent_url);
    let secret = reader
        .secret_file("idp_secret_file")
        .or_else(|| reader.secret("idp_secret"));
    if let Some(url) = &url
        && secret.is_none()
    {
        let fault = Fault::new("is missing beside tenants.idp_consent_url");
        reader.error(&url.place, "idp_secret_file", fault);
    }
    let api_secret = reader.secret_file("api_secret_file");
    Some(DeclaredTenant {
        id: id?.value,
        idp: url.zip(secret).map(|(url, secret)| Provider {
            consent_url: url.value,
            secret: secret.value,
        }),
        api_secret: api_secret.map(|found| found.value),
    })
}
