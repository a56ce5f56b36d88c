//! What Prometheus scrapes. It waits for nothing, least of all for PostgreSQL.

use axum::extract::State;
use axum::response::Response;
use axum::{Router, routing::get};
use homeostat_telemetry as telemetry;

use crate::App;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/metrics", get(show))
}

async fn show(State(app): State<App>) -> Response {
    app.metrics.refresh(app.database.pool());
    telemetry::metrics::exposition(&app.metrics.registry)
}
