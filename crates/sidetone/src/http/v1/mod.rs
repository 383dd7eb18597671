//! Insights v1.
