//! The program on a data directory without serving, for commands that fold.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use clap::Parser;

use crate::api::events_v1::told;
use crate::api::v1::render::template;
use crate::app::{App, Parts};
use crate::bounds::Bounds;
use crate::config::Settings;
use crate::data::DataArgs;
use crate::directory::Directory;
use crate::live::Live;
use crate::outgoing::pauses::Pauses;
use crate::program;
use crate::streams;
use crate::tables::locations::Locations;
use crate::tables::{self, Tables};
use crate::telemetry::Counters;

/// The settings that the environment has.
#[derive(Parser)]
struct Environment {
    #[command(flatten)]
    settings: Settings,
}

/// Opens a data directory as a server with the published rules would, which has this configuration
/// file: how long calls settle, and may be idle, decides when they have ended.
///
/// # Errors
/// When it, or a part of it, cannot be opened.
pub(super) async fn open(args: &DataArgs, file: Option<&Path>) -> anyhow::Result<App> {
    let data = args.open().await?;
    let settings = Settings {
        data: Some(args.data.clone()),
        ..Environment::try_parse_from(["sidetone"])?.settings
    };
    let config = settings.resolve(file)?;
    let locations = Locations::load(config.hep.location_database.as_deref())?;
    let directory = Directory::load(data.store.as_ref(), data.vault).await?;
    let tables = Tables::read(&config, &directory)?;
    let sides = tables::sides::Current::default();
    sides.refresh(data.store.as_ref()).await.context(
        "cannot read the published [[side]] rules; a start of the server publishes those of its file anew",
    )?;
    Ok(App::new(Parts {
        render: template::of,
        filter: told::filter,
        write_event: told::write,
        directory,
        store: data.store,
        clock: args.clock()?,
        config,
        bounds: Bounds::default(),
        live: Live::default(),
        streams: streams::outlets::Current::default(),
        pauses: Pauses::default(),
        counters: Arc::new(Counters::new(program::VERSION, program::COMMIT)),
        tables: tables::Current::new(tables),
        sides,
        locations: Arc::new(locations),
    }))
}
