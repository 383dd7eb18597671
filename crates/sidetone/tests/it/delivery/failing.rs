//! What does not arrive: why, when it is tried again, and what becomes of it.

use super::*;

#[tokio::test]
async fn a_failed_delivery_comes_again_with_the_same_id_until_it_arrives() {
    let receiver = Receiver::start(Duration::ZERO, |before| match before {
        0 | 1 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    let delivering = Delivering::start().await;
    let clock = &delivering.server.app.clock;
    let one = delivering.form(7, &receiver.origin, None);
    delivering.deliver(vec![one]).await;
    receiver.until_received(1).await;
    // When it is tried again counts from when the failure is noted.
    eventually(|| async {
        let page = delivering.server.get("/metrics").await.text;
        page.contains("sidetone_deliveries_total{result=\"failed\"} 1")
    })
    .await;
    // Not before its time.
    clock.advance_us(3_000_000);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(receiver.received().len(), 1);
    clock.advance_us(4_000_000);
    receiver.until_received(2).await;
    eventually(|| async {
        clock.advance_us(1_000_000);
        delivering.waiting().await == 0
    })
    .await;
    let received = receiver.received();
    assert_eq!(received.len(), 3);
    let ids: Vec<_> = received
        .iter()
        .map(|one| one.header("sidetone-delivery"))
        .collect();
    assert_eq!(ids, [ids[0]; 3]);
    assert_eq!(receiver.texts(), ["n=7"; 3]);
}

#[tokio::test]
async fn who_asks_to_be_left_alone_is_as_long_as_that_is_reasonable() {
    // At most six hours, whatever is asked for; by a time of day as well.
    for (header, seconds) in [
        ("7200", 7_200),
        ("9999999", 6 * 3_600),
        ("Mon, 01 Jun 2026 12:30:00 GMT", 1_800),
        ("0", 1),
    ] {
        let receiver = Receiver::start(Duration::ZERO, move |before| match before {
            0 => (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", header)]).into_response(),
            _ => StatusCode::OK.into_response(),
        })
        .await;
        let delivering = Delivering::start().await;
        let clock = &delivering.server.app.clock;
        delivering
            .deliver(vec![delivering.form(1, &receiver.origin, None)])
            .await;
        receiver.until_received(1).await;
        eventually(|| async {
            let page = delivering.server.get("/metrics").await.text;
            page.contains("sidetone_deliveries_total{result=\"failed\"} 1")
        })
        .await;
        // Nothing else is sent there either.
        delivering
            .deliver(vec![delivering.form(2, &receiver.origin, None)])
            .await;
        let elsewhere = Receiver::willing().await;
        delivering
            .deliver(vec![delivering.form(3, &elsewhere.origin, None)])
            .await;
        elsewhere.until_received(1).await;
        clock.advance_us(seconds * 1_000_000 - 1);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(receiver.received().len(), 1, "{header}");
        clock.advance_us(1);
        delivering.until_all_arrived().await;
        assert_eq!(receiver.received().len(), 3, "{header}");
        delivering.stop().await;
    }
}

#[tokio::test]
async fn redirects_are_failures_and_not_followed() {
    let elsewhere = Receiver::willing().await;
    let target = elsewhere.origin.clone();
    let receiver = Receiver::start(Duration::ZERO, move |_| {
        (
            StatusCode::TEMPORARY_REDIRECT,
            [("location", target.clone())],
        )
            .into_response()
    })
    .await;
    let delivering = Delivering::start().await;
    let error = delivering.last_words(&receiver.origin).await;
    assert_eq!(error, "answered 307");
    assert!(elsewhere.received().is_empty());
}

#[tokio::test]
async fn an_answer_without_end_is_cut_and_counts_by_its_status() {
    let receiver = Receiver::start(Duration::ZERO, |_| {
        let chunk = Bytes::from(vec![b'x'; 8192]);
        let endless = Endless(chunk);
        Response::new(Body::new(endless))
    })
    .await;
    let delivering = Delivering::with(true, Duration::from_secs(60)).await;
    let many = (0..40).map(|n| delivering.form(n, &receiver.origin, None));
    delivering.deliver(many.collect()).await;
    delivering.until_all_arrived().await;
    assert_eq!(receiver.received().len(), 40);
}

/// A body that never ends.
struct Endless(Bytes);

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(Some(Ok(hyper::body::Frame::data(self.0.clone()))))
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_waited_for_no_longer_than_the_time_out() {
    let receiver = Receiver::start(Duration::from_secs(60), |_| ().into_response()).await;
    let delivering = Delivering::with(true, Duration::from_millis(200)).await;
    let error = delivering.last_words(&receiver.origin).await;
    assert_eq!(error, "no answer within 200ms");
}

#[tokio::test]
async fn a_connection_that_is_refused_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let delivering = Delivering::start().await;
    let error = delivering.last_words(&origin).await;
    assert!(error.contains("cannot be connected to"), "{error}");
}

#[tokio::test]
async fn https_is_not_spoken_to_who_does_not_prove_who_they_are() {
    let receiver = Receiver::willing().await;
    let delivering = Delivering::start().await;
    let url = receiver.origin.replace("http://", "https://");
    let error = delivering.last_words(&url).await;
    assert!(error.starts_with("no TLS connection"), "{error}");
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn private_addresses_are_not_delivered_to_unless_allowed() {
    let receiver = Receiver::willing().await;
    let port = receiver.origin.rsplit(':').next().unwrap().to_owned();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"] {
        let delivering = Delivering::with(false, Duration::from_secs(5)).await;
        let error = delivering
            .last_words(&format!("http://{host}:{port}/"))
            .await;
        let words = ["at the private address", "may not be connected to"];
        let is_told = words.iter().all(|words| error.contains(words));
        assert!(is_told, "{host}: {error}");
        delivering.stop().await;
    }
    assert!(receiver.received().is_empty());
    let delivering = Delivering::start().await;
    let one = delivering.form(1, &format!("http://localhost:{port}/"), None);
    delivering.deliver(vec![one]).await;
    delivering.until_all_arrived().await;
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn what_fails_for_three_days_is_a_dead_letter_that_can_be_replayed() {
    let is_repaired = Arc::new(AtomicBool::new(false));
    let looks = Arc::clone(&is_repaired);
    let receiver = Receiver::start(Duration::ZERO, move |_| {
        match looks.load(Ordering::SeqCst) {
            true => StatusCode::OK.into_response(),
            false => StatusCode::NOT_FOUND.into_response(),
        }
    })
    .await;
    let delivering = Delivering::start().await;
    let clock = &delivering.server.app.clock;
    let url = format!("{}/hook?key=secret", receiver.origin);
    let first = delivering.form(1, &url, Some(1));
    let mut second = delivering.form(2, &url, Some(1));
    // It outlives the first one, which it waits for.
    second.created_at = second.created_at.plus_us(30 * 86_400_000_000);
    delivering.deliver(vec![first, second]).await;
    eventually(|| async {
        clock.advance_us(7_200_000_000);
        delivering.letters().await.len() == 1
    })
    .await;
    is_repaired.store(true, Ordering::SeqCst);
    eventually(|| async {
        clock.advance_us(7_200_000_000);
        delivering.waiting().await == 0
    })
    .await;
    let letter = delivering.letters().await.remove(0);
    assert_eq!(letter.id, DeliveryId::from_bytes([1; 16]));
    assert_eq!(letter.error, "answered 404");
    assert!(letter.attempts > 2, "{}", letter.attempts);
    let texts = receiver.texts();
    let attempts = usize::try_from(letter.attempts).unwrap();
    // Leases run out at this pace, so some may have come twice; but the second one waited.
    assert!(texts[..attempts].iter().all(|text| text == "n=1"));
    assert!(texts[attempts..].iter().any(|text| text == "n=2"));

    let run = |words: &[&str]| {
        let mut line = vec!["dead-letter"];
        line.extend(words);
        line.extend(["--data", delivering.server.dir.path().to_str().unwrap()]);
        std::process::Command::new(env!("CARGO_BIN_EXE_sidetone"))
            .args(line)
            .output()
            .unwrap()
    };
    let listed = run(&["list"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed["id"], letter.id.to_string());
    assert_eq!(listed["account_sid"], ACCOUNT);
    assert_eq!(listed["url"], format!("{}/hook", receiver.origin));
    assert_eq!(listed["error"], "answered 404");
    let other = run(&["list", "--account", "ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"]);
    assert!(other.status.success() && other.stdout.is_empty());
    let unknown = run(&["replay", "0f8fad5b-d9cb-469f-a165-70867728950e"]);
    assert_eq!(unknown.status.code(), Some(1));
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert!(
        said.contains("0f8fad5b-d9cb-469f-a165-70867728950e"),
        "{said}"
    );
    let nobody = "ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    let of_nobody = run(&["replay", "--all", "--account", nobody]);
    assert_eq!(of_nobody.status.code(), Some(1));
    let said = String::from_utf8(of_nobody.stderr).unwrap();
    assert!(
        said.contains(&format!("account {nobody} not found")),
        "{said}"
    );
    let wrong = run(&["replay", "7"]);
    assert_eq!(wrong.status.code(), Some(2));
    // The command reads the real clock, which is ahead of the test's or behind it.
    let replayed = run(&["replay", &letter.id.to_string()]);
    assert_eq!(replayed.stdout, b"{\"replayed\":1}\n");
    clock.advance_us(100 * 365 * 86_400_000_000);
    receiver.until_received(texts.len() + 1).await;
    delivering.until_all_arrived().await;
    assert_eq!(receiver.texts()[texts.len()..], ["n=1"]);
    let again = run(&["replay", "--all"]);
    assert_eq!(again.stdout, b"{\"replayed\":0}\n");
}
