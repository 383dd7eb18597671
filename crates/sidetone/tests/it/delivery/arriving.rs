//! What arrives: once, in order, signed, whatever other endpoints do.

use super::*;

#[tokio::test]
async fn a_delivery_arrives_once_signed_and_named() {
    let receiver = Receiver::willing().await;
    let delivering = Delivering::start().await;
    let form = delivering.form(1, &format!("{}/a?key=1", receiver.origin), None);
    let mut json = delivering.form(2, &format!("{}/b", receiver.origin), None);
    request(&mut json).body = Some(("application/json".to_owned(), b"[{}]".to_vec()));
    let mut get = delivering.form(3, &format!("{}/c?n=3", receiver.origin), None);
    let asked = request(&mut get);
    (asked.method, asked.body) = (Method::Get, None);
    delivering.deliver(vec![form, json, get]).await;
    delivering.until_all_arrived().await;
    let of = |path: &str| {
        let received = receiver.received();
        let begin = format!("{}{path}", receiver.origin);
        let mut found = received
            .into_iter()
            .filter(|one| one.url.starts_with(&begin));
        let one = found.next().unwrap();
        assert!(found.next().is_none());
        one
    };
    let token = TOKEN.as_bytes();
    let form = of("/a");
    assert_eq!(form.header("content-type"), FORM);
    assert_eq!(
        form.header("sidetone-delivery"),
        "01010101-0101-0101-0101-010101010101"
    );
    let signature = |one: &Received| one.header("x-twilio-signature").to_owned();
    let fields = Form::decode(&form.body).unwrap();
    assert!(verify_form(token, &form.url, &fields, &signature(&form)));
    let json = of("/b");
    assert!(verify_body(token, &json.url, b"[{}]", &signature(&json)));
    let get = of("/c");
    let none = Form::decode(b"").unwrap();
    assert!(verify_form(token, &get.url, &none, &signature(&get)));
}

#[tokio::test]
async fn a_delivery_brings_its_own_headers_and_may_be_unsigned() {
    let receiver = Receiver::willing().await;
    let delivering = Delivering::start().await;
    let mut one = delivering.form(1, &format!("{}/a", receiver.origin), None);
    let own = vec![("Webhook-Id".to_owned(), "msg_1".to_owned())];
    request(&mut one).headers = Headers::new(own).unwrap();
    one.signature = Signature::None;
    delivering.deliver(vec![one]).await;
    delivering.until_all_arrived().await;
    let received = receiver.received().remove(0);
    assert_eq!(received.header("webhook-id"), "msg_1");
    assert_eq!(received.header("content-type"), FORM);
    assert!(!received.headers.contains_key("x-twilio-signature"));
}

#[tokio::test]
async fn deliveries_of_a_subject_arrive_in_order_although_some_fail() {
    // Every third request fails.
    let receiver = Receiver::start(Duration::ZERO, |before| match before % 3 {
        2 => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    let delivering = Delivering::start().await;
    let numbers = 0..60_u8;
    let all = numbers.map(|n| delivering.form(n, &receiver.origin, Some(n % 4)));
    delivering.deliver(all.collect()).await;
    eventually(|| async {
        // What failed is due again soon.
        delivering.server.app.clock.advance_us(1_000_000);
        delivering.waiting().await == 0
    })
    .await;
    let mut last: HashMap<u8, u8> = HashMap::new();
    for text in receiver.texts() {
        let n: u8 = text[2..].parse().unwrap();
        let before = last.insert(n % 4, n);
        // A failed one comes again at once; nothing overtakes it.
        assert!(
            before.is_none_or(|before| before == n || before + 4 == n),
            "{text}"
        );
    }
    assert_eq!(last.len(), 4);
}

#[tokio::test]
async fn a_hanging_endpoint_delays_no_other() {
    let hanging = Receiver::start(Duration::from_secs(60), |_| ().into_response()).await;
    let healthy = Receiver::willing().await;
    let delivering = Delivering::start().await;
    let mut all: Vec<_> = (0..100)
        .map(|n| delivering.form(n, &hanging.origin, None))
        .collect();
    all.extend((100..200).map(|n| delivering.form(n, &healthy.origin, None)));
    delivering.deliver(all).await;
    healthy.until_received(100).await;
    // What comes later does not wait either.
    let late = delivering.form(250, &healthy.origin, None);
    delivering.deliver(vec![late]).await;
    healthy.until_received(101).await;
    assert!(hanging.received().len() <= 16);
}

#[tokio::test]
async fn a_stop_lets_what_is_in_flight_arrive_and_leaves_the_rest() {
    let receiver = Receiver::start(Duration::from_millis(300), |_| ().into_response()).await;
    let delivering = Delivering::start().await;
    let many = (0..100).map(|n| delivering.form(n, &receiver.origin, None));
    delivering.deliver(many.collect()).await;
    receiver.until_received(4).await;
    let server = delivering.stop().await;
    let arrived = receiver.received().len();
    assert!(arrived < 100);
    let stats = server.app.store.stats().await.unwrap();
    assert_eq!(stats.deliveries_waiting, 100 - arrived as u64);
    // The rest is due at once for the next worker.
    let (_stop, stopped) = watch::channel(false);
    let deliveries = Deliveries::new(server.app.clone(), Limits::default(), stopped.clone());
    tokio::spawn(runner::run(server.app.clone(), deliveries, stopped));
    receiver.until_received(100).await;
    let mut texts = receiver.texts();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), 100);
    assert_eq!(
        server.app.store.check().await.unwrap(),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn the_token_of_the_moment_signs() {
    let receiver = Receiver::willing().await;
    let delivering = Delivering::start().await;
    let server = &delivering.server;
    let store = server.app.store.as_ref();
    let now = server.app.clock.now();
    let until = now.plus_us(3_600_000_000);
    let account = ACCOUNT.parse().unwrap();
    let made = sidetone::accounts::rotate_token(store, &server.vault, account, until, now)
        .await
        .unwrap();
    server.app.directory.refresh(store).await.unwrap();
    let one = delivering.form(1, &format!("{}/", receiver.origin), None);
    delivering.deliver(vec![one]).await;
    delivering.until_all_arrived().await;
    let received = receiver.received().remove(0);
    let fields = Form::decode(&received.body).unwrap();
    let signature = received.header("x-twilio-signature");
    assert!(verify_form(
        made.auth_token.as_bytes(),
        &received.url,
        &fields,
        signature
    ));
    let page = server.get("/metrics").await.text;
    for line in [
        "sidetone_deliveries_total{result=\"delivered\"} 1",
        "sidetone_deliveries_waiting 0",
        "sidetone_dead_letters 0",
    ] {
        assert!(page.contains(line), "{line}");
    }
}
