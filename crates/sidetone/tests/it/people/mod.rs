//! Signing in: sessions, roles, and what is masked for whom.

mod forgery;
mod making;
mod password;
mod roles;
mod sign_in;
mod views;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use sidetone::people::hash_with;
use sidetone_store::people::{Person, Role, SignIn};

use crate::harness::{Answer, TestServer};

const CALL: &str = "CA00112233445566778899aabbccddeeff";
pub(crate) const PASSWORD: &str = "correct horse";
/// The parties of every call here, and what nobody finds of them in an answer for a viewer.
const FROM: &str = "+4930123456789";
const TO: &str = "+4989987654321";
const SECRETS: [&str; 6] = [FROM, TO, "30123456", "8998765", "0123456", "9987654"];
const ORIGIN: &str = "http://sidetone.test";

/// A browser: what it has of a session.
pub(crate) struct Browser<'a> {
    server: &'a TestServer,
    cookie: String,
    csrf: String,
}

fn plain(method: Method, path: &str) -> axum::http::request::Builder {
    let request = Request::builder().method(method).uri(path);
    request.header("host", "sidetone.test")
}

pub(crate) async fn make(server: &TestServer, name: &str, role: Role, account: &str) {
    let person = Person {
        name: name.parse().unwrap(),
        account: account.parse().unwrap(),
        role,
        sign_in: SignIn::Password(hash_with(PASSWORD, 1_000.try_into().unwrap()).unwrap()),
        is_disabled: false,
        created_at: server.app.clock.now(),
        last_sign_in: None,
    };
    server
        .app
        .store
        .create_person(person, "tester")
        .await
        .unwrap();
}

async fn try_sign_in(server: &TestServer, user: &str, password: &str) -> Answer {
    let body = json!({ "user": user, "password": password }).to_string();
    let request = plain(Method::POST, "/session").header("content-type", "application/json");
    let request = request.header("origin", ORIGIN);
    server.send(request.body(Body::from(body)).unwrap()).await
}

fn cookie_of(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

pub(crate) async fn sign_in<'a>(server: &'a TestServer, user: &str, password: &str) -> Browser<'a> {
    let answer = try_sign_in(server, user, password).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    Browser {
        server,
        cookie: cookie_of(&answer),
        csrf: answer.json()["csrf"].as_str().unwrap().to_owned(),
    }
}

impl Browser<'_> {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = plain(Method::GET, path).header("cookie", &self.cookie);
        self.server.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn change(&self, method: Method, path: &str, form: &str) -> Answer {
        let request = plain(method, path)
            .header("cookie", &self.cookie)
            .header("origin", ORIGIN)
            .header("x-sidetone-csrf", &self.csrf)
            .header("content-type", "application/x-www-form-urlencoded");
        let body = Body::from(form.to_owned());
        self.server.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, form: &str) -> Answer {
        self.change(Method::POST, path, form).await
    }
}

fn annotation() -> String {
    format!("/v1/Voice/{CALL}/Annotation")
}

async fn call(server: &TestServer) {
    let form = format!("From=%2B{}&To=%2B{}", &FROM[1..], &TO[1..]);
    server.step(CALL, "ringing", &form).await;
    server
        .step(CALL, "completed", &format!("{form}&CallDuration=30"))
        .await;
    server.pass(120).await;
}
