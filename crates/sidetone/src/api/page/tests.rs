use super::*;

const PATH: &str = "/v1/Voice/Summaries";
const ROW_KEY: RowKey = RowKey { key: -5, id: 7 };

fn base() -> BaseUrl {
    BaseUrl("https://voice.example".to_owned())
}

fn params(query: &str) -> Params {
    Params::decode(query.as_bytes()).unwrap()
}

fn list<'a>(base: &'a BaseUrl, params: &'a Params) -> List<'a> {
    List {
        base,
        path: PATH,
        account: AccountSid::from_bytes([1; 16]),
        params,
    }
}

fn read(query: &str) -> Result<PageQuery, Invalid> {
    PageQuery::read(&list(&base(), &params(query)), 25)
}

fn token_for(query: &str) -> String {
    PageToken {
        now: TimeUs::from_micros(99),
        start: Start::After(ROW_KEY),
    }
    .encode(&list(&base(), &params(query)).digest())
}

#[test]
fn sizes_and_indexes() {
    for (query, size, index) in [
        ("", 25, 0),
        ("PageSize=1", 1, 0),
        ("PageSize=1000&Page=10", 1000, 10),
        ("PageSize=5000", 1000, 0),
        ("PageSize=&Page=", 25, 0),
    ] {
        let page = read(query).unwrap();
        assert_eq!((page.size, page.index), (size, index), "{query}");
    }
    for (query, expected) in [
        (
            "PageSize=0",
            "Invalid PageSize '0'. Expected an integer from 1 to 1000.",
        ),
        (
            "PageSize=x",
            "Invalid PageSize 'x'. Expected an integer from 1 to 1000.",
        ),
        ("Page=-1", "Invalid Page '-1'. Expected an integer from 0."),
        (
            "Page=401",
            "Invalid Page '401'. Expected at most row 10000 without a PageToken: follow next_page_url instead.",
        ),
    ] {
        assert_eq!(read(query).unwrap_err().message, expected, "{query}");
    }
}

#[test]
fn pages_are_skipped_without_a_token_only() {
    assert_eq!(
        read("Page=4").unwrap().request().start,
        Start::First { skip: 100 }
    );
    let token = token_for("");
    let page = read(&format!("Page=900&PageToken={token}")).unwrap();
    assert_eq!(page.request().start, Start::After(ROW_KEY));
    assert_eq!(page.now(TimeUs::from_micros(1234)), TimeUs::from_micros(99));
}

#[test]
fn tokens_belong_to_their_list() {
    let token = token_for("From=a&To=b");
    assert!(token.starts_with("PT"));
    for (query, accepted) in [
        ("From=a&To=b", true),
        ("To=b&From=a&PageSize=3&Page=8", true),
        ("From=a", false),
        ("From=a&To=c", false),
        ("From=a&To=b&SortBy=start_time", false),
        ("From=aTo&=b", false),
    ] {
        assert_eq!(
            read(&format!("{query}&PageToken={token}")).is_ok(),
            accepted,
            "{query}"
        );
    }
    let other_account = List {
        account: AccountSid::from_bytes([2; 16]),
        ..list(&base(), &params("From=a&To=b"))
    }
    .digest();
    assert_eq!(PageToken::decode(&token, &other_account), None);
}

#[test]
fn damaged_tokens_are_refused() {
    let token = token_for("");
    let digest = list(&base(), &Params::default()).digest();
    for end in 0..token.len() {
        assert_eq!(PageToken::decode(&token[..end], &digest), None, "{end}");
        let mut damaged = token.clone().into_bytes();
        damaged[end] = if damaged[end] == b'B' { b'C' } else { b'B' };
        let damaged = String::from_utf8(damaged).unwrap();
        assert_eq!(PageToken::decode(&damaged, &digest), None, "{end}");
    }
    for text in ["PT", "PT10", "DP10", "", "PT=", "PTé"] {
        assert_eq!(PageToken::decode(text, &digest), None, "{text}");
    }
}

#[test]
fn urls_repeat_the_filters() {
    let base = base();
    let params = params("ToCarrier=AT%26T+Wireless&CallType=sip,trunking&PageSize=2&Page=3");
    let list = list(&base, &params);
    let query = PageQuery::read(&list, 25).unwrap();
    let page = Page {
        rows: vec![(), ()],
        before: Some(ROW_KEY),
        ..Page::default()
    };
    let meta = list.meta("call_summaries", &query, &page, TimeUs::EPOCH);
    let filters = "https://voice.example/v1/Voice/Summaries?ToCarrier=AT%26T+Wireless&CallType=sip%2Ctrunking";
    assert_eq!(meta.first_page_url, format!("{filters}&PageSize=2&Page=0"));
    assert_eq!(meta.url, format!("{filters}&PageSize=2&Page=3"));
    assert_eq!(meta.next_page_url, None);
    let previous = meta.previous_page_url.unwrap();
    assert!(
        previous.starts_with(&format!("{filters}&PageSize=2&Page=2&PageToken=PT")),
        "{previous}"
    );
}
