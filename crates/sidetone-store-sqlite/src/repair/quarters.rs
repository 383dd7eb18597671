//! What statistics are counted from: forgotten, so that it is made again from the calls.

use rusqlite::Connection;
use sidetone_core::time::TimeUs;
use sidetone_store::statistics::quarter::QUARTER_US;

use crate::check::segments::differing;
use crate::error::Result;
use crate::statistics::stored;

pub(super) fn repair(conn: &Connection, told: &mut Vec<String>) -> Result<()> {
    for [account, quarter, bucket] in differing(conn, &mut Vec::new())? {
        stored::forget(conn, [account, quarter, bucket])?;
        let at = TimeUs::from_micros(quarter.saturating_mul(QUARTER_US));
        told.push(format!(
            "statistics of the quarter hour from {at} of account row {account}: counted from the calls until a server has written them again"
        ));
    }
    Ok(())
}
