use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::net::TcpListener;

use super::*;
use crate::config::Secret;

/// How long is waited for answers here; by the clock it is the usual time.
const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_silent_provider_is_waited_for_by_one_and_left_alone_for_a_while() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let clock = Clock::set_to(sidetone_core::time::TimeUs::from_micros(0));
    let passes = |time: Duration| clock.advance_us(time.as_micros().try_into().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let ticks = clock.clone();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            // Nothing comes, and time passes meanwhile.
            ticks.advance_us(ANSWER_TIME_OUT.as_micros().try_into().unwrap());
            open.push(stream);
        }
    });
    let mut settings: Oidc = serde_json::from_value(json!({
        "issuer": issuer, "client_id": "sidetone", "role_claim": "groups", "admin": ["ops"],
    }))
    .unwrap();
    settings.client_secret = Some(Secret("s3cret".to_owned()));
    let mut provider = Provider::new(settings.clone(), None, Some("http://sidetone.test")).unwrap();
    provider.requests = Requests::new(settings, SHORT);
    let refused = async || provider.begin(&clock).await.unwrap_err().reason;
    let both = tokio::join!(refused(), refused());
    assert_eq!(both, (Reason::Away, Reason::Away));
    assert_eq!(refused().await, Reason::Away);
    assert_eq!(
        asked.load(Ordering::SeqCst),
        1,
        "the others were told at once"
    );
    passes(AWAY_FOR);
    assert_eq!(refused().await, Reason::Away);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}
