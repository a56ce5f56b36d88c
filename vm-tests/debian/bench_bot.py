"""A restart bot of the usual kind, to measure beside: a webhook of some 40 lines of Flask that calls `systemctl restart`.

Nothing is kept, nothing is proven, and whoever reaches the port may restart what the labels name.
Usage: bench_bot.py PORT
"""

import subprocess
import sys

import flask

app = flask.Flask(__name__)
restarts = {"AppDown", "UnitFailed"}


@app.post("/webhook")
def webhook():
    """Restarts the unit of each alert that fires."""
    payload = flask.request.get_json(force=True)
    acted = 0
    for alert in payload.get("alerts", []):
        labels = alert.get("labels", {})
        if alert.get("status") == "firing" and labels.get("alertname") in restarts and "unit" in labels:
            subprocess.run(["systemctl", "restart", labels["unit"]], check=False)
            acted += 1
    return {"acted": acted}


@app.get("/health")
def health():
    """Says that it is there."""
    return {"status": "ok"}


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(sys.argv[1]), threaded=True)
