//! curl lines for the routes people use by hand. `{server}` stands for the server's address.

/// Method, path and curl line.
pub(super) const SAMPLES: &[(&str, &str, &str)] = &[
    (
        "post",
        "/api/v1/retoucher/start",
        "curl {server}/api/v1/retoucher/start \\\n  \
         -H \"X-Retouch-Token: $TOKEN\" \\\n  \
         -F file=@portrait.jpg \\\n  \
         -F 'payload={\"mode\":\"professional\",\"tasks\":[{\"Plugin\":\"Heal\",\"Alpha1\":1},{\"Plugin\":\"Dodge Burn\",\"Scale\":2,\"Alpha1\":1,\"Alpha2\":0.2}]}'",
    ),
    ("get", "/api/v1/retoucher/status/{id}", "curl {server}/api/v1/retoucher/status/$ID"),
    ("get", "/api/v1/retoucher/getFile/{id}", "curl -OJ {server}/api/v1/retoucher/getFile/$ID"),
    ("get", "/api/v1/info/limits", "curl {server}/api/v1/info/limits"),
    (
        "post",
        "/api/v1/balance",
        "curl {server}/api/v1/balance \\\n  \
         -H \"X-Retouch-Token: $TOKEN\" -H 'Content-Type: application/json' \\\n  \
         -d '{\"modes\":[\"professional\"]}'",
    ),
    (
        "post",
        "/api/retouch/v1/balance",
        "curl {server}/api/retouch/v1/balance -F retouchtoken=$TOKEN -F 'modes[]=professional'",
    ),
    ("get", "/health/ready", "curl {server}/health/ready"),
    ("get", "/metrics", "curl {server}/metrics"),
];
