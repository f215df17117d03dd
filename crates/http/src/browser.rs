//! People at a browser: their cookies, the looks they chose, and guards against forms that other sites send in their names. Shared by `/activate`
//! and the web studio.

pub mod cookie;
pub mod forgery;
pub mod theme;
