-- README.md is read on the repository's page and here; its links into nbs/ lose that folder here.
local function here(path) return (path:gsub("^nbs/", "")) end
function Link(el) el.target = here(el.target) return el end
function Image(el) el.src = here(el.src) return el end
