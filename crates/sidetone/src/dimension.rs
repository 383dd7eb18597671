//! What calls are grouped by: dimensions, under the names of the parameters that narrow lists by them.

use serde_json::Value;
use sidetone_core::annotation::{AnsweredByHeard, ConnectivityIssue, QualityIssue};
use sidetone_core::vocabulary::{
    AnsweredBy, CallDirection, CallState, CallType, EdgeKind, ProcessingState, Tag,
};
use sidetone_store::facets::Facet;
use sidetone_store::statistics::GroupValue;
use sidetone_store::statistics::column::{Column, Own};

/// Something to group calls by: those that have one value of it are a group.
#[derive(Debug, PartialEq, Eq)]
pub struct Dimension {
    /// As it is asked for, and told.
    pub name: &'static str,
    /// Where it is counted.
    pub column: Column,
    reading: Reading,
}

/// What a value of it is on the wire.
#[derive(Debug, PartialEq, Eq)]
enum Reading {
    /// The word at its place.
    Word(&'static [&'static str]),
    /// True or false.
    Flag,
    /// Itself.
    Plain,
}

macro_rules! dimensions {
    ($($name:literal $kind:ident $column:ident $(as $word:ident)? $(, $reading:ident)?;)+) => {
        /// All there are.
        pub const DIMENSIONS: &[Dimension] = &[$(Dimension {
            name: $name,
            column: dimensions!(@column $kind $column),
            reading: dimensions!(@reading $($word)? $($reading)?),
        },)+];
    };
    (@column Facet $column:ident) => { Column::Facet(Facet::$column) };
    (@column Own $column:ident) => { Column::Own(Own::$column) };
    (@reading Flag) => { Reading::Flag };
    (@reading Plain) => { Reading::Plain };
    (@reading $word:ident) => { Reading::Word($word::WORDS) };
}

dimensions! {
    "From" Own From, Plain;
    "To" Own To, Plain;
    "FromCarrier" Facet FromCarrier, Plain;
    "ToCarrier" Facet ToCarrier, Plain;
    "Carrier" Facet ToCarrier, Plain;
    "FromCountryCode" Facet FromCountry, Plain;
    "ToCountryCode" Facet ToCountry, Plain;
    "Country" Facet ToCountry, Plain;
    "Direction" Facet Direction as CallDirection;
    "CallType" Facet CallType as CallType;
    "CallState" Facet CallState as CallState;
    "ProcessingState" Facet Processing as ProcessingState;
    "Edge" Own Edges as EdgeKind;
    "Codec" Own Codecs, Plain;
    "UserAgent" Facet UserAgents, Plain;
    "SipResponse" Own SipResponse, Plain;
    "AbnormalSession" Facet AbnormalSession, Flag;
    "Tag" Facet Tags as Tag;
    "HasTag" Facet HasTag, Flag;
    "AnsweredBy" Facet AnsweredBy as AnsweredBy;
    "AnsweredByAnnotation" Facet Heard as AnsweredByHeard;
    "CallScore" Facet CallScore, Plain;
    "ConnectivityIssue" Facet ConnectivityIssue as ConnectivityIssue;
    "QualityIssue" Facet QualityIssues as QualityIssue;
    "Spam" Facet Spam, Flag;
    "Incident" Own Incident, Plain;
    "Comment" Own Comment, Plain;
    "VerifiedCaller" Facet VerifiedCaller, Flag;
    "BrandedEnabled" Facet BrandedEnabled, Flag;
    "BrandedLogo" Facet BrandedLogo, Flag;
    "BrandedBundleSid" Facet BrandedBundle, Plain;
    "BrandedType" Facet BrandedType, Plain;
    "BrandedUseCase" Facet BrandedUseCase, Plain;
    "BrandedCallReason" Facet BrandedCallReason, Plain;
    "VoiceIntegrityEnabled" Facet IntegrityEnabled, Flag;
    "VoiceIntegrityBundleSid" Facet IntegrityBundle, Plain;
    "VoiceIntegrityUseCase" Facet IntegrityUseCase, Plain;
    "BusinessProfileBundleSid" Facet BusinessBundle, Plain;
    "BusinessProfileIdentity" Facet BusinessIdentity, Plain;
    "BusinessProfileIndustry" Facet BusinessIndustry, Plain;
    "BusinessProfileType" Facet BusinessType, Plain;
}

impl Dimension {
    /// A value of it, as it is told. Null: not known.
    pub fn tell(&self, value: &GroupValue) -> Value {
        match (value, &self.reading) {
            (GroupValue::Unknown, _) => Value::Null,
            (GroupValue::Text(text), _) => text.as_str().into(),
            (GroupValue::Number(number), Reading::Word(words)) => {
                let place = usize::try_from(*number).ok();
                place.and_then(|place| words.get(place)).copied().into()
            }
            (GroupValue::Number(number), Reading::Flag) => (*number != 0).into(),
            (GroupValue::Number(number), Reading::Plain) => (*number).into(),
        }
    }
}

/// What a parameter calls so. Annotations may be called as the filters by them are.
pub fn find(name: &str) -> Option<&'static Dimension> {
    let is_named = |name: &str| DIMENSIONS.iter().find(|dimension| dimension.name == name);
    is_named(name).or_else(|| is_named(name.strip_suffix("Annotation")?))
}
