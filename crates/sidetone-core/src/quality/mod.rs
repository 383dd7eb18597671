//! Quality from counts and delays, by published formulas.

pub mod emodel;
pub mod loss;
