//! What claims say of somebody's name and role.

use serde_json::{Map, Value};
use sidetone_store::people::{PersonName, Role};

use super::identity::{Reason, Refusal};
use crate::config::Oidc;

/// Claims by their names.
pub(super) type Claims = Map<String, Value>;

/// Whether claims have what names and roles are taken from.
pub(super) fn are_enough(claims: &Claims, settings: &Oidc) -> bool {
    name_in(claims, settings).is_some() && found(claims, &settings.role_claim).is_some()
}

/// What somebody is called and may do.
pub(super) fn read(claims: &Claims, settings: &Oidc) -> Result<(PersonName, Role), Refusal> {
    let name = name_in(claims, settings).ok_or_else(|| {
        let wanted = settings.name_claim.as_deref();
        let wanted = wanted.unwrap_or("preferred_username, and no verified email");
        Refusal::new(Reason::NoName, format_args!("there is no claim {wanted}"))
    })?;
    let is_none = |error| Refusal::new(Reason::NoName, format_args!("a name here has {error}"));
    let name: PersonName = name.parse().map_err(is_none)?;
    let values = texts(found(claims, &settings.role_claim));
    let role = settings.role(values).ok_or_else(|| {
        let claim = &settings.role_claim;
        let detail = format!("nothing in the claim {claim} of {name} gives a role");
        Refusal::new(Reason::NoRole, detail)
    })?;
    Ok((name, role))
}

fn name_in<'a>(claims: &'a Claims, settings: &Oidc) -> Option<&'a str> {
    let text = |claim: &str| found(claims, claim)?.as_str().filter(|it| !it.is_empty());
    match &settings.name_claim {
        Some(claim) => text(claim),
        None => text("preferred_username").or_else(|| text("email")),
    }
}

/// A claim by its name, or by its way through objects (`realm_access.roles`). An address that nobody
/// has verified is whatever somebody wrote into a form: it is none.
fn found<'a>(claims: &'a Claims, claim: &str) -> Option<&'a Value> {
    if claim == "email" && !is_verified(claims) {
        return None;
    }
    if let Some(value) = claims.get(claim) {
        return Some(value);
    }
    let (first, rest) = claim.split_once('.')?;
    let value = claims.get(first)?;
    rest.split('.')
        .try_fold(value, |value, name| value.get(name))
}

fn is_verified(claims: &Claims) -> bool {
    match claims.get("email_verified") {
        Some(Value::Bool(is_verified)) => *is_verified,
        // Some write it so.
        Some(Value::String(text)) => text == "true",
        _ => false,
    }
}

/// A text, or those of an array.
fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(role_claim: &str, name_claim: Option<&str>) -> Oidc {
        let table = json!({
            "issuer": "https://login.example.com",
            "client_id": "sidetone",
            "role_claim": role_claim,
            "name_claim": name_claim,
            "viewer": ["all", "anna@example.com"],
            "admin": ["ops"],
        });
        serde_json::from_value(table).unwrap()
    }

    #[test]
    fn names_and_roles_are_where_they_were_said_to_be() {
        let name = Some("anna");
        let (viewer, admin) = (Some(Role::Viewer), Some(Role::Admin));
        for (role_claim, name_claim, claims, expected) in [
            (
                "groups",
                None,
                json!({"preferred_username": "anna", "groups": ["all"]}),
                (name, viewer),
            ),
            (
                "groups",
                None,
                json!({"preferred_username": "anna", "groups": "ops"}),
                (name, admin),
            ),
            (
                "groups",
                None,
                json!({"preferred_username": "anna", "groups": ["all", "ops", 1, null]}),
                (name, admin),
            ),
            (
                "groups",
                None,
                json!({"preferred_username": "anna", "groups": []}),
                (name, None),
            ),
            (
                "groups",
                None,
                json!({"preferred_username": "anna", "groups": {"ops": true}}),
                (name, None),
            ),
            (
                "groups",
                None,
                json!({"preferred_username": "anna"}),
                (name, None),
            ),
            ("groups", None, json!({"groups": ["all"]}), (None, viewer)),
            (
                "groups",
                None,
                json!({"preferred_username": "", "groups": ["all"]}),
                (None, viewer),
            ),
            (
                "groups",
                None,
                json!({"preferred_username": ["anna"], "groups": ["all"]}),
                (None, viewer),
            ),
            (
                "groups",
                None,
                json!({"preferred_username": "<b>", "groups": ["all"]}),
                (None, viewer),
            ),
            (
                "groups",
                None,
                json!({"email": "anna", "email_verified": true, "groups": ["all"]}),
                (name, viewer),
            ),
            (
                "groups",
                None,
                json!({"email": "anna", "email_verified": "true", "groups": ["all"]}),
                (name, viewer),
            ),
            (
                "groups",
                None,
                json!({"email": "anna", "email_verified": false, "groups": ["all"]}),
                (None, viewer),
            ),
            (
                "groups",
                None,
                json!({"email": "anna", "groups": ["all"]}),
                (None, viewer),
            ),
            (
                "groups",
                Some("email"),
                json!({"email": "anna", "preferred_username": "x", "groups": ["all"]}),
                (None, viewer),
            ),
            (
                "groups",
                Some("nick"),
                json!({"nick": "anna", "preferred_username": "x", "groups": ["all"]}),
                (name, viewer),
            ),
            (
                "groups",
                Some("nick"),
                json!({"preferred_username": "x", "groups": ["all"]}),
                (None, viewer),
            ),
            (
                "realm.roles",
                None,
                json!({"preferred_username": "anna", "realm": {"roles": ["ops"]}}),
                (name, admin),
            ),
            (
                "https://example.com/roles",
                None,
                json!({"preferred_username": "anna", "https://example.com/roles": ["ops"]}),
                (name, admin),
            ),
            (
                "email",
                None,
                json!({"preferred_username": "anna", "email": "anna@example.com", "email_verified": true}),
                (name, viewer),
            ),
            (
                "email",
                None,
                json!({"preferred_username": "anna", "email": "anna@example.com"}),
                (name, None),
            ),
        ] {
            let settings = settings(role_claim, name_claim);
            let Value::Object(claims) = claims else {
                panic!("{claims}")
            };
            let result = read(&claims, &settings);
            match expected {
                (Some(name), Some(role)) => {
                    assert_eq!(result, Ok((name.parse().unwrap(), role)), "{claims:?}");
                    assert!(are_enough(&claims, &settings));
                }
                (None, _) => assert_eq!(result.unwrap_err().reason, Reason::NoName, "{claims:?}"),
                (_, None) => assert_eq!(result.unwrap_err().reason, Reason::NoRole, "{claims:?}"),
            }
        }
    }
}
