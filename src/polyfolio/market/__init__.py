"""Market rows: files, frames and arrays become a tape, or an error that names what is wrong with them."""
