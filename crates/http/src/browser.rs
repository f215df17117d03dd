//! People at a browser: their cookies, and guards against forms that other sites send in their names. Shared by `/activate`
//! and the web studio.

pub mod cookie;
pub mod forgery;
