//! The list of every path, compared with the committed one. `cargo xtask docs` writes it anew.

use std::{env, fs, path::Path};

use placet::{
    app::App,
    config::{Disk, Settings, Sources},
    router::list::list,
    serve::{admin_router, public_router},
};

use crate::server::{ADMIN_TOKEN, Directory, settings};

#[tokio::test]
async fn generated_list_has_every_route_with_its_audience() {
    let directory = Directory::new("routes");
    directory.write("admin.token", ADMIN_TOKEN);
    let text = settings("127.0.0.1:8080", "127.0.0.1:8081", "");
    directory.write("placet.toml", &text);
    let sources = Sources {
        file: Some(directory.path().join("placet.toml")),
        files: &Disk,
        variables: Vec::new(),
        flags: Vec::new(),
    };
    let settings = Settings::load(&sources).unwrap();
    let token = settings.admin.as_ref().unwrap().token.clone();
    let app = App::open(settings).await.unwrap();
    let public = list(public_router(&app).unwrap().table());
    let admin = list(admin_router(&app, token).unwrap().table());
    assert!(
        !public.contains("operator"),
        "operators have a listener of their own"
    );
    let found = format!("# listen\n{public}\n# admin.listen\n{admin}");

    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/routes.txt");
    if env::var_os("PLACET_BLESS").is_some_and(|value| value == "1") {
        fs::create_dir_all(golden.parent().unwrap()).unwrap();
        fs::write(&golden, &found).unwrap();
    }
    let committed = fs::read_to_string(&golden).unwrap_or_default();
    assert_eq!(found, committed, "run `cargo xtask docs`");
}
