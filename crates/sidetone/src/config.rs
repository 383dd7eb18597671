//! Settings: command line, environment, `sidetone.toml`, defaults, in this order.

/// Settings, resolved.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Base of every absolute URL in answers, without a slash at the end. `None`: the request's own scheme and host.
    pub public_url: Option<String>,
    /// Serve only calls first seen while their account had advanced features on (17007 otherwise).
    pub gate_advanced_features: bool,
    /// Judgement of unknown calls makes placeholders instead of answering 404.
    pub accept_unknown_calls: bool,
}
