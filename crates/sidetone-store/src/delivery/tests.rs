use super::*;

#[test]
fn an_id_is_written_and_read_as_a_uuid() {
    let id = DeliveryId::from_bytes([0xa5; 16]);
    let text = "a5a5a5a5-a5a5-a5a5-a5a5-a5a5a5a5a5a5";
    assert_eq!(id.to_string(), text);
    assert_eq!(text.parse(), Ok(id));
    assert_eq!(text.replace('-', "").parse(), Ok(id));
    for wrong in ["", "a5", "+5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5", "ä5a5a5a5"] {
        assert!(wrong.parse::<DeliveryId>().is_err(), "{wrong}");
    }
}

#[test]
fn an_endpoint_is_an_origin_of_an_account() {
    let (one, two) = (
        AccountSid::from_bytes([1; 16]),
        AccountSid::from_bytes([2; 16]),
    );
    let of = EndpointId::of;
    assert_eq!(of(one, "https://a.b/c?d"), of(one, "HTTPS://A.b?x://y/"));
    assert_eq!(of(one, "https://a.b"), of(one, "https://a.b/"));
    assert_ne!(of(one, "https://a.b/"), of(two, "https://a.b/"));
    assert_ne!(of(one, "https://a.b/"), of(one, "http://a.b/"));
    assert_ne!(of(one, "https://a.b/"), of(one, "https://a.b:8443/"));
    assert!(of(one, "").number() >= 0);
}

#[test]
fn each_sink_is_an_endpoint() {
    let of = |n| EndpointId::of_sink(SinkSid::from_bytes([n; 16]));
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
    assert!((0..=u8::MAX).all(|n| of(n).number() >= 0));
}
