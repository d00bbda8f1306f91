-- Walks a file of whole HTTP requests, each behind its length; see callbacks.py for the format.
-- Arguments: the file, and optionally "wrap" to begin again at its end (only for a server that stores nothing).
local LENGTH_DIGITS = 6
local file, wrap, idle

function init(args)
  file = assert(io.open(args[1], "rb"))
  file:setvbuf("full", 1048576)
  wrap = args[2] == "wrap"
  idle = wrk.format("GET", "/health/live")
end

function request()
  local length = file:read(LENGTH_DIGITS)
  if length == nil then
    if not wrap then
      -- No request may go twice: stop, and fill what is still asked for with something that is not counted.
      wrk.thread:stop()
      return idle
    end
    file:seek("set", 0)
    length = file:read(LENGTH_DIGITS)
  end
  return file:read(tonumber(length))
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "failed": %d, "refused": %d}\n',
    summary.requests,
    summary.duration / 1000000,
    errors.connect + errors.read + errors.write + errors.timeout,
    errors.status
  ))
end
