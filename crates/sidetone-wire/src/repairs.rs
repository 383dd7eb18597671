//! What had to be put right in a payload, or left out of it, so that the rest could be used.

/// One thing that was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Repair {
    /// A byte order mark before the text.
    ByteOrderMark,
    /// NULs after the text: the end of a string in C.
    NulAfterEnd,
    /// Anything else after the text: what a buffer held before, as a rule.
    TextAfterEnd,
    /// A comma too many, or one that was not there.
    Comma,
    /// A raw control character within a text.
    ControlCharacter,
    /// A backslash that begins no escape.
    Escape,
    /// A quotation mark within a text.
    Quote,
    /// Bytes that are no UTF-8.
    NotUtf8,
    /// `NaN`, `-inf` and the like: absent.
    NotANumber,
    /// A number in another notation: `+5`, `.5`, `007`, `4,2`.
    Number,
    /// Nothing where a value belongs: absent.
    MissingValue,
    /// The payload ends before what it holds does.
    CutShort,
    /// From some place on it is no JSON any more; what is before was used.
    UnreadableRest,
    /// A piece of a SIP message whose other end is in another packet.
    PartOfMessage,
    /// More SIP messages than are read of one packet.
    TooManyMessages,
}

impl Repair {
    /// All of them, in order.
    pub const ALL: [Self; 15] = [
        Self::ByteOrderMark,
        Self::NulAfterEnd,
        Self::TextAfterEnd,
        Self::Comma,
        Self::ControlCharacter,
        Self::Escape,
        Self::Quote,
        Self::NotUtf8,
        Self::NotANumber,
        Self::Number,
        Self::MissingValue,
        Self::CutShort,
        Self::UnreadableRest,
        Self::PartOfMessage,
        Self::TooManyMessages,
    ];

    /// The word it is counted by.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ByteOrderMark => "byte_order_mark",
            Self::NulAfterEnd => "nul_after_end",
            Self::TextAfterEnd => "text_after_end",
            Self::Comma => "comma",
            Self::ControlCharacter => "control_character",
            Self::Escape => "escape",
            Self::Quote => "quote",
            Self::NotUtf8 => "not_utf8",
            Self::NotANumber => "not_a_number",
            Self::Number => "number",
            Self::MissingValue => "missing_value",
            Self::CutShort => "cut_short",
            Self::UnreadableRest => "unreadable_rest",
            Self::PartOfMessage => "part_of_message",
            Self::TooManyMessages => "too_many_messages",
        }
    }
}

/// What was wrong with one payload, each thing once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Repairs(u16);

impl Repairs {
    /// Notes one.
    pub fn note(&mut self, repair: Repair) {
        self.0 |= 1 << repair as u8;
    }

    /// Adds those of another part of the payload.
    pub fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether one is among them.
    #[must_use]
    pub const fn contains(self, repair: Repair) -> bool {
        self.0 >> repair as u8 & 1 == 1
    }

    /// Whether nothing was wrong.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// All of them, in order.
    pub fn iter(self) -> impl Iterator<Item = Repair> {
        let all = Repair::ALL.into_iter();
        all.filter(move |repair| self.contains(*repair))
    }
}
