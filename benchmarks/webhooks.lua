-- wrk's side of webhooks.py: sends each signed webhook of the file once, then begins again.
-- Arguments after `--`: the file, the path to post to, how many webhooks to leave out at its beginning.

local SIGNATURE = 44  -- base64 of SHA-256
local signatures, head, tail, between, path, next_number, first, last

function init(args)
  local file = assert(io.open(args[1], "r"))
  local timestamp = file:read("*l")
  head, tail = file:read("*l"), file:read("*l")
  -- One string and not a table of lines, which the garbage collector would walk over and over.
  signatures = file:read("*a")
  file:close()
  first, last = tonumber(args[3]), #signatures / (SIGNATURE + 1) - 1
  next_number = first
  path = "POST " .. args[2] .. " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port
    .. "\r\nContent-Type: application/json\r\nContent-Length: " .. (#head + 12 + #tail)
    .. "\r\nwebhook-timestamp: " .. timestamp .. "\r\nwebhook-id: msg_"
  between = "\r\nwebhook-signature: v1,"
end

function request()
  local number = string.format("%012d", next_number)
  local start = next_number * (SIGNATURE + 1) + 1
  local signature = signatures:sub(start, start + SIGNATURE - 1)
  next_number = next_number < last and next_number + 1 or first
  return path .. number .. between .. signature .. "\r\n\r\n" .. head .. number .. tail
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"refused":%d,"broken":%d,"seconds":%.6f,"p50_ms":%.3f,"p99_ms":%.3f}\n',
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
