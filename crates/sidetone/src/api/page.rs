//! Pages of a list: what was asked for, and the envelope around the answer.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::Uri;
use axum::http::request::Parts;
use form_urlencoded::byte_serialize;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;
use sidetone_store::Count;
use sidetone_store::page::{Page, PageRequest, RowKey, Start};

use crate::api::error::ApiError;
use crate::api::extract::{Form, Query};
use crate::api::page_token::PageToken;
use crate::app::App;
use crate::web::base_url::BaseUrl;
use crate::web::form::{Invalid, Params};
use crate::web::page_token::ListDigest;

/// The most rows of a page. More may be asked for, but not got.
const PAGE_SIZE_MAX: u64 = 1000;
/// The most rows that `Page` without `PageToken` may leave out: they are all read to be left out.
const SKIPPED_ROWS_MAX: u64 = 10_000;
/// The parameters that say which page, not which list.
pub const PAGE_PARAMETERS: [&str; 3] = ["PageSize", "Page", "PageToken"];

/// A request for a list, before it is known whose.
#[derive(Debug)]
pub struct ListRequest {
    /// Where clients reach us.
    pub base: BaseUrl,
    /// The path as requested.
    pub uri: Uri,
    /// Every parameter as it came.
    pub params: Params,
}

impl ListRequest {
    /// The list, asked for with an account's credentials.
    #[must_use]
    pub fn by(&self, account: AccountSid) -> List<'_> {
        List {
            base: &self.base,
            path: self.uri.path(),
            account,
            params: &self.params,
        }
    }
}

impl FromRequestParts<App> for ListRequest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let base = BaseUrl::from_request_parts(parts, app).await?;
        let Query(params) = Query::from_request_parts(parts, app).await?;
        let uri = parts.uri.clone();
        Ok(Self { base, uri, params })
    }
}

/// A request for calls that filters choose. These may also come as a form in the body, which is what
/// `curl -X GET --data-urlencode` sends.
#[derive(Debug)]
pub struct FilterRequest(pub ListRequest);

impl FromRequest<App> for FilterRequest {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let mut list = ListRequest::from_request_parts(&mut parts, app).await?;
        let request = Request::from_parts(parts, body);
        let Form(form) = Form::from_request(request, app).await?;
        for (name, value) in form.iter() {
            list.params.push(name, value);
        }
        Ok(Self(list))
    }
}

/// A list as a client asked for it: where it is and what narrows it. A page token is good for one
/// list only.
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    /// Where clients reach us.
    pub base: &'a BaseUrl,
    /// The path as requested.
    pub path: &'a str,
    /// The account whose credentials ask.
    pub account: AccountSid,
    /// Every query parameter as it came.
    pub params: &'a Params,
}

/// Which page of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageQuery {
    /// At most so many rows.
    pub size: u64,
    /// The client's own count of pages, from 0. It positions only when there is no token.
    pub index: u64,
    /// The token as it came.
    sent_token: Option<String>,
    /// Where the token points to.
    token: Option<PageToken>,
}

impl PageQuery {
    /// Reads `PageSize`, `Page` and `PageToken`.
    ///
    /// # Errors
    /// When one of them is malformed, or the token belongs to another list.
    pub fn read(list: &List<'_>, default_size: u64) -> Result<Self, Invalid> {
        let params = list.params;
        let size = match params.filled("PageSize") {
            Some(value) => value
                .integer(1..=u64::MAX)
                .map_err(|_| value.invalid("an integer from 1 to 1000"))?
                .min(PAGE_SIZE_MAX),
            None => default_size,
        };
        let index = match params.filled("Page") {
            Some(value) => value
                .integer(0..=u64::MAX)
                .map_err(|_| value.invalid("an integer from 0"))?,
            None => 0,
        };
        let sent_token = params.filled("PageToken");
        let token = match sent_token {
            Some(value) => Some(PageToken::decode(value.text, &list.digest()).ok_or_else(|| {
                value.invalid("a token from next_page_url or previous_page_url of the same list, with the same filters")
            })?),
            None => None,
        };
        if token.is_none() && index.saturating_mul(size) > SKIPPED_ROWS_MAX {
            return Err(Invalid::new(
                "Page",
                &index.to_string(),
                format_args!(
                    "at most row {SKIPPED_ROWS_MAX} without a PageToken: follow next_page_url instead"
                ),
            ));
        }
        Ok(Self {
            size,
            index,
            sent_token: sent_token.map(|value| value.text.to_owned()),
            token,
        })
    }

    /// What is now for this list: it stands still while a client pages through.
    #[must_use]
    pub fn now(&self, now: TimeUs) -> TimeUs {
        self.token.as_ref().map_or(now, |token| token.now)
    }

    /// Whether this is where reading the list begins.
    #[must_use]
    pub const fn is_first(&self) -> bool {
        self.token.is_none() && self.index == 0
    }

    /// The page, as the store is asked for it.
    #[must_use]
    pub fn request(&self) -> PageRequest {
        PageRequest {
            start: match &self.token {
                Some(token) => token.start,
                None => Start::First {
                    skip: self.index.saturating_mul(self.size),
                },
            },
            size: usize::try_from(self.size).unwrap_or(usize::MAX),
        }
    }
}

impl List<'_> {
    /// The parameters that narrow the list, as they came.
    fn filters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.params
            .iter()
            .filter(|(name, _)| !PAGE_PARAMETERS.contains(name))
    }

    fn digest(&self) -> ListDigest {
        ListDigest::of(self.path, self.account.as_bytes(), self.filters())
    }

    fn url(&self, size: u64, index: u64, token: Option<&str>) -> String {
        let mut url = format!("{}{}?", self.base.0, self.path);
        for (name, value) in self.filters() {
            url.extend(byte_serialize(name.as_bytes()));
            url.push('=');
            url.extend(byte_serialize(value.as_bytes()));
            url.push('&');
        }
        url.push_str(&format!("PageSize={size}&Page={index}"));
        if let Some(token) = token {
            url.push_str("&PageToken=");
            url.push_str(token);
        }
        url
    }

    /// What is said about a page beside its rows.
    #[must_use]
    pub fn meta<T>(
        &self,
        key: &'static str,
        query: &PageQuery,
        page: &Page<T>,
        now: TimeUs,
    ) -> Meta {
        let digest = self.digest();
        let token = |start| PageToken { now, start }.encode(&digest);
        let size = query.size;
        let to = |index, start| self.url(size, index, Some(&token(start)));
        let back = |row_key: RowKey| to(query.index.saturating_sub(1), Start::Before(row_key));
        let on = |row_key: RowKey| to(query.index.saturating_add(1), Start::After(row_key));
        Meta {
            page: query.index,
            page_size: size,
            first_page_url: self.url(size, 0, None),
            previous_page_url: page.before.map(back),
            next_page_url: page.after.map(on),
            key,
            url: self.url(size, query.index, query.sent_token.as_deref()),
            total: None,
            total_is_exact: None,
        }
    }
}

/// What is said about a page beside its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Meta {
    page: u64,
    page_size: u64,
    first_page_url: String,
    previous_page_url: Option<String>,
    next_page_url: Option<String>,
    key: &'static str,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_is_exact: Option<bool>,
}

impl Meta {
    /// The same with how many rows the whole list has; it may have more where they were not all
    /// counted.
    #[must_use]
    pub fn with_total(self, count: Option<Count>) -> Self {
        Self {
            total: count.map(|count| count.calls),
            total_is_exact: count.map(|count| count.is_exact),
            ..self
        }
    }

    /// As [`Envelope`], of rows that write themselves.
    ///
    /// # Errors
    /// As theirs.
    pub fn around(
        self,
        rows: impl Iterator<Item = impl FnOnce(&mut Vec<u8>) -> serde_json::Result<()>>,
    ) -> serde_json::Result<Vec<u8>> {
        let rows_at_end = Envelope::<()> {
            meta: self,
            rows: Vec::new(),
        };
        let mut json = serde_json::to_vec(&rows_at_end)?;
        let end = json.split_off(json.len() - b"]}".len());
        for (index, row) in rows.enumerate() {
            if index > 0 {
                json.push(b',');
            }
            row(&mut json)?;
        }
        json.extend(end);
        Ok(json)
    }
}

/// A page on the wire: `meta`, and the rows under the key that `meta` names.
#[derive(Debug)]
pub struct Envelope<T> {
    /// About the page.
    pub meta: Meta,
    /// Its rows.
    pub rows: Vec<T>,
}

impl<T: Serialize> Serialize for Envelope<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("meta", &self.meta)?;
        map.serialize_entry(self.meta.key, &self.rows)?;
        map.end()
    }
}

#[cfg(test)]
mod tests;
