use super::{CALL, carrier_call, tell, with_complete_call};
use crate::harness::TestServer;

async fn hint(server: &TestServer, query: &str) -> Option<String> {
    let answer = server.get(&format!("/v1/Voice/Summaries?{query}")).await;
    answer.header("sidetone-hint").map(str::to_owned)
}

#[tokio::test]
async fn a_page_that_the_defaults_left_empty_says_so() {
    let server = TestServer::start().await;
    assert_eq!(hint(&server, "").await, None);
    tell(&server, CALL, &carrier_call()).await;
    let state = "no call matches within the defaults StartTime=4h and ProcessingState=completed; ProcessingState=all would show some";
    assert_eq!(hint(&server, "").await.as_deref(), Some(state));
    assert_eq!(hint(&server, "ProcessingState=completed").await, None);
    assert_eq!(hint(&server, "ProcessingState=all").await, None);
    super::settle(&server).await;
    assert_eq!(hint(&server, "").await, None);
    assert_eq!(hint(&server, "CallType=sip").await, None);
    server.pass(10 * 86400).await;
    let time = "no call matches within the defaults StartTime=4h and ProcessingState=completed; StartTime=2w would show some";
    assert_eq!(hint(&server, "").await.as_deref(), Some(time));
    assert_eq!(
        hint(&server, "Number=14155550100").await.as_deref(),
        Some(time)
    );
    assert_eq!(hint(&server, "SipCallId=nowhere").await, None);
    assert_eq!(hint(&server, "StartTime=4h").await, None);
    assert_eq!(hint(&server, "CallType=sip").await, None);
}

#[tokio::test]
async fn a_filter_taken_for_another_says_so() {
    let server = with_complete_call().await;
    let expected =
        "ConnectivityIssueAnnotation names a quality issue; it was taken as QualityIssueAnnotation";
    assert_eq!(
        hint(&server, "ConnectivityIssueAnnotation=echo")
            .await
            .as_deref(),
        Some(expected)
    );
    let reversed = hint(&server, "StartTime=1h&EndTime=2h").await;
    assert_eq!(
        reversed.as_deref(),
        Some("StartTime is later than EndTime, so no call can match")
    );
}
