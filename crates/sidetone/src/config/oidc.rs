//! The company's provider of identities (OpenID Connect), as the table `[oidc]` of the file.

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use axum::http::Uri;
use serde::Deserialize;
use sidetone_core::id::AccountSid;
use sidetone_store::people::Role;

use super::values::Secret;

/// What the variable of the environment is called that has the secret.
pub const CLIENT_SECRET_VARIABLE: &str = "SIDETONE_OIDC_CLIENT_SECRET";
/// Characters of the button's label.
const LABEL_MAX_CHARS: usize = 64;

/// The table, as it is given and checked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// The provider's URL, as its discovery document (`…/.well-known/openid-configuration`) has it.
    pub issuer: String,
    /// What the provider calls this server.
    pub client_id: String,
    /// The file that has the secret that this server shows the provider.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// The secret itself: of the environment only, and it outranks the file.
    #[serde(skip)]
    pub client_secret: Option<Secret>,
    /// What the button says that leads to the provider.
    #[serde(default = "usual_label")]
    pub label: String,
    /// The claim that names people. `None`: `preferred_username`, else a verified `email`.
    #[serde(default)]
    pub name_claim: Option<String>,
    /// The claim whose values give roles.
    pub role_claim: String,
    /// The values that make somebody a viewer.
    #[serde(default)]
    pub viewer: Vec<String>,
    /// The values that make somebody an annotator.
    #[serde(default)]
    pub annotator: Vec<String>,
    /// The values that make somebody an admin.
    #[serde(default)]
    pub admin: Vec<String>,
    /// What is asked for beside `openid`.
    #[serde(default = "usual_scopes")]
    pub scopes: Vec<String>,
    /// Whose calls they see. `None`: those of the default account.
    #[serde(default)]
    pub account: Option<AccountSid>,
}

fn usual_label() -> String {
    "Single sign-on".to_owned()
}

fn usual_scopes() -> Vec<String> {
    vec!["profile".to_owned(), "email".to_owned()]
}

impl Oidc {
    /// The highest role that any of these values gives. `None`: none does.
    #[must_use]
    pub fn role<'a>(&self, values: impl IntoIterator<Item = &'a str>) -> Option<Role> {
        let of = |value: &str| {
            let role = |role: &Role| self.values_of(*role).iter().any(|it| it == value);
            Role::ALL.into_iter().rev().find(role)
        };
        values.into_iter().filter_map(of).max()
    }

    fn values_of(&self, role: Role) -> &[String] {
        match role {
            Role::Viewer => &self.viewer,
            Role::Annotator => &self.annotator,
            Role::Admin => &self.admin,
        }
    }

    /// Refuses what could not work.
    pub(super) fn checked(self) -> anyhow::Result<Self> {
        check_issuer(&self.issuer)?;
        let names = [
            ("client_id", Some(&self.client_id)),
            ("role_claim", Some(&self.role_claim)),
            ("name_claim", self.name_claim.as_ref()),
        ];
        for (key, name) in names {
            let is_fit = name.is_none_or(|name| !name.is_empty() && name.trim() == name);
            ensure!(is_fit, "oidc.{key} is empty or has spaces around it");
        }
        let chars = self.label.chars().count();
        let is_label = (1..=LABEL_MAX_CHARS).contains(&chars)
            && self.label.trim() == self.label
            && !self.label.contains(char::is_control);
        ensure!(
            is_label,
            "oidc.label is not a text of 1 to {LABEL_MAX_CHARS} characters"
        );
        for scope in &self.scopes {
            // RFC 6749 §3.3.
            let is_token = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
            let is_scope = !scope.is_empty() && scope.bytes().all(is_token);
            ensure!(
                is_scope,
                "oidc.scopes: '{scope}' is not the name of a scope"
            );
        }
        let mut given = Vec::new();
        for role in Role::ALL {
            for value in self.values_of(role) {
                let key = role.as_str();
                ensure!(!value.is_empty(), "oidc.{key} has an empty value");
                if let Some(other) = given.iter().find(|(it, _)| *it == value) {
                    bail!("oidc.{key} and oidc.{} both have '{value}'", other.1);
                }
                given.push((value, key));
            }
        }
        ensure!(
            !given.is_empty(),
            "[oidc] lets nobody in: give viewer, annotator or admin values of {}",
            self.role_claim
        );
        ensure!(
            self.client_secret.is_some() || self.client_secret_file.is_some(),
            "[oidc] has no secret: give client_secret_file, or the variable {CLIENT_SECRET_VARIABLE}"
        );
        Ok(self)
    }

    /// The secret: that of the environment, else what the file has.
    ///
    /// # Errors
    /// When the file cannot be read, or there is nothing in it.
    pub fn secret(&self) -> anyhow::Result<Secret> {
        let secret = match (&self.client_secret, &self.client_secret_file) {
            (Some(secret), _) => secret.0.clone(),
            (None, Some(file)) => std::fs::read_to_string(file).with_context(|| {
                format!("cannot read oidc.client_secret_file {}", file.display())
            })?,
            (None, None) => String::new(),
        };
        let secret = secret.trim();
        ensure!(!secret.is_empty(), "the secret of [oidc] is empty");
        Ok(Secret(secret.to_owned()))
    }

    /// Whether requests to a URL may be part of signing in: they are encrypted, or do not leave this
    /// machine, where the issuer is on it too.
    #[must_use]
    pub fn allows(&self, url: &str) -> bool {
        match url.parse() {
            Ok(url) => is_encrypted(&url) || is_here(&url) && self.issuer.starts_with("http:"),
            Err(_) => false,
        }
    }
}

fn check_issuer(issuer: &str) -> anyhow::Result<()> {
    let is_plain = |url: &Uri| {
        let authority = url.authority().map_or("", |it| it.as_str());
        !authority.is_empty() && !authority.contains('@') && url.query().is_none()
    };
    let url = issuer.parse::<Uri>().ok().filter(is_plain);
    let url = url.filter(|_| !issuer.contains('#'));
    match url {
        Some(url) if is_encrypted(&url) || is_here(&url) => Ok(()),
        _ => bail!(
            "oidc.issuer '{issuer}' is not like https://login.example.com/realms/acme (http is for this machine alone)"
        ),
    }
}

fn is_encrypted(url: &Uri) -> bool {
    url.scheme_str() == Some("https")
}

/// Whether a URL is of this machine, without encryption.
fn is_here(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    url.scheme_str() == Some("http")
        && (host == "localhost" || address.is_ok_and(|address| address.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::super::settings::parse_file;
    use super::*;

    const GOOD: &str = "issuer = 'https://login.example.com/realms/acme'\nclient_id = 'sidetone'\n\
        client_secret_file = '/etc/sidetone/secret'\nrole_claim = 'groups'\nadmin = ['ops', 'it']\n\
        viewer = ['all']\n";

    fn read(table: &str) -> anyhow::Result<Oidc> {
        let file = parse_file(&format!("[oidc]\n{table}"))?;
        Ok(file.into_config()?.oidc.unwrap())
    }

    #[test]
    fn the_highest_role_counts() {
        let oidc = read(GOOD).unwrap();
        for (values, expected) in [
            (&["all"][..], Some(Role::Viewer)),
            (&["it", "all"], Some(Role::Admin)),
            (&["all", "ops"], Some(Role::Admin)),
            (&["OPS", "al", ""], None),
            (&[], None),
        ] {
            assert_eq!(oidc.role(values.iter().copied()), expected, "{values:?}");
        }
        assert_eq!(oidc.label, "Single sign-on");
        assert_eq!(oidc.scopes, ["profile", "email"]);
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for (from, to, expected) in [
            ("client_id", "clientid", "unknown field `clientid`"),
            ("client_id = 'sidetone'\n", "", "missing field `client_id`"),
            ("'sidetone'", "''", "oidc.client_id is empty"),
            ("'groups'", "' groups'", "oidc.role_claim is empty or has"),
            ("https://", "http://", "oidc.issuer 'http://login"),
            ("https://", "", "is not like https://login.example.com"),
            ("https://", "https://me@", "oidc.issuer"),
            ("/acme", "/acme?x=1", "oidc.issuer"),
            ("/acme", "/acme#x", "oidc.issuer"),
            ("['ops', 'it']\nviewer = ['all']", "[]", "lets nobody in"),
            (
                "['all']",
                "['it']",
                "oidc.admin and oidc.viewer both have 'it'",
            ),
            ("['all']", "['']", "oidc.viewer has an empty value"),
            (
                "client_secret_file = '/etc/sidetone/secret'",
                "",
                "has no secret",
            ),
            ("viewer =", "label = ''\nviewer =", "oidc.label"),
            (
                "viewer =",
                "scopes = ['a b']\nviewer =",
                "'a b' is not the name",
            ),
            (
                "viewer =",
                "client_secret = 's3cret'\nviewer =",
                "unknown field",
            ),
            ("viewer =", "account = 'AC1'\nviewer =", "oidc.account"),
        ] {
            let table = GOOD.replacen(from, to, 1);
            assert_ne!(table, GOOD);
            let error = format!("{:#}", read(&table).unwrap_err());
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn only_what_is_encrypted_or_stays_here_is_asked() {
        let remote = read(GOOD).unwrap();
        let mut local = remote.clone();
        local.issuer = "http://127.0.0.1:9000".to_owned();
        for (url, by_remote, by_local) in [
            ("https://login.example.com/token", true, true),
            ("https://elsewhere.example.com/token", true, true),
            ("http://login.example.com/token", false, false),
            ("http://127.0.0.1:9000/token", false, true),
            ("http://[::1]:9000/token", false, true),
            ("http://localhost/token", false, true),
            ("http://localhost.example.com/token", false, false),
            ("javascript:alert(1)", false, false),
            ("/token", false, false),
        ] {
            assert_eq!(
                (remote.allows(url), local.allows(url)),
                (by_remote, by_local),
                "{url}"
            );
        }
        for issuer in ["http://localhost:1/x", "http://[::1]", "https://a.example"] {
            let table = GOOD.replace("https://login.example.com/realms/acme", issuer);
            assert!(read(&table).is_ok(), "{issuer}");
        }
    }

    #[test]
    fn the_secret_of_the_environment_outranks_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secret");
        std::fs::write(&file, " of the file\n").unwrap();
        let mut oidc = read(GOOD).unwrap();
        let error = format!("{:#}", oidc.secret().unwrap_err());
        assert!(error.contains("/etc/sidetone/secret"), "{error}");
        oidc.client_secret_file = Some(file.clone());
        assert_eq!(oidc.secret().unwrap().0, "of the file");
        oidc.client_secret = Some(Secret("of the environment".to_owned()));
        assert_eq!(oidc.secret().unwrap().0, "of the environment");
        oidc.client_secret = None;
        std::fs::write(&file, "\n").unwrap();
        assert!(oidc.secret().is_err());
    }
}
