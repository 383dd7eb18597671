//! What is done beside the requests: a file for each worker, all run by [`crate::runner`].
//!
//! A new worker is a file here, a word in `telemetry::labels::WorkerName` and, if it works on calls, a
//! line in [`start`]. Other followers of the change feed belong here. Deliveries have a folder of their own, beside this one: a task for each endpoint.

pub mod accounts;
pub mod alerts;
mod call;
pub mod catch_up;
mod dear;
pub mod disk;
pub mod feedback_summaries;
pub mod fold;
pub mod followers;
pub mod live;
pub mod quotas;
pub mod recheck;
pub mod refold;
pub mod retention;
mod rules;
pub mod sdk_calls;
pub mod sides;
pub mod statistics;
pub mod streams;
pub mod timers;

use tokio::sync::watch;
use tokio::task::JoinSet;

use self::alerts::HoldToRules;
use self::feedback_summaries::{FeedbackSummaries, Notice};
use self::fold::Fold;
use self::followers::DropFollowers;
use self::quotas::KeepQuotas;
use self::retention::Retain;
use self::sdk_calls::NameSdkCalls;
use self::statistics::WriteSegments;
use self::streams::TellSinks;
use self::timers::Timers;
use crate::app::App;
use crate::delivery::{Deliveries, Limits};
use crate::runner::run;

/// Starts all that works on calls: what the role `work` is. `notice` has the API's words.
pub fn start(app: &App, notice: Notice, tasks: &mut JoinSet<()>, stop: &watch::Receiver<bool>) {
    start_folding(app, tasks, stop);
    let feedback = FeedbackSummaries::new(app.clone(), notice);
    tasks.spawn(run(app.clone(), feedback, stop.clone()));
    let statistics = WriteSegments::new(app.clone());
    tasks.spawn(run(app.clone(), statistics, stop.clone()));
    let deliveries = Deliveries::new(app.clone(), Limits::default(), stop.clone());
    tasks.spawn(run(app.clone(), deliveries, stop.clone()));
    let followers = DropFollowers(app.clone());
    tasks.spawn(run(app.clone(), followers, stop.clone()));
    let sinks = TellSinks::new(app.clone());
    tasks.spawn(run(app.clone(), sinks, stop.clone()));
    let alerts = HoldToRules::new(app.clone());
    tasks.spawn(run(app.clone(), alerts, stop.clone()));
    let sdk_calls = NameSdkCalls(app.clone());
    tasks.spawn(run(app.clone(), sdk_calls, stop.clone()));
    let quotas = KeepQuotas(app.clone());
    tasks.spawn(run(app.clone(), quotas, stop.clone()));
    let retention = Retain::new(app.clone());
    tasks.spawn(run(app.clone(), retention, stop.clone()));
}

/// Starts what makes summaries of events, as time passes.
fn start_folding(app: &App, tasks: &mut JoinSet<()>, stop: &watch::Receiver<bool>) {
    let timers = Timers::since_start(app.clone());
    tasks.spawn(run(app.clone(), timers, stop.clone()));
    let fold = Fold::new(app.clone());
    tasks.spawn(run(app.clone(), fold, stop.clone()));
}
