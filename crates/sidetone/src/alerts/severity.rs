//! How bad it is when a rule is broken.

use sidetone_core::closed_set;

closed_set!(
    /// How bad it is, in the words of `PagerDuty`.
    Severity {
        /// Somebody must get up.
        Critical = "critical",
        /// Somebody must look soon.
        Error = "error",
        /// Somebody should look.
        Warning = "warning",
        /// Good to know.
        Info = "info",
    }
);
