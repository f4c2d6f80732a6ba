-- Sends the requests of a file in turn: each line is a path, a token and a body, with tabs between.
local requests, at = {}, 0
function init(args)
  for line in io.lines(args[1]) do
    local path, token, body = line:match("([^\t]*)\t([^\t]*)\t(.*)")
    local headers = { ["Content-Type"] = "application/json" }
    if token ~= "" then headers["Authorization"] = "Bearer " .. token end
    requests[#requests + 1] = wrk.format("POST", path, headers, body)
  end
  if args[2] ~= "1" then at = math.random(0, #requests - 1) end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary, latency)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout
  io.write(string.format("RESULT %d %d %.3f %.3f %.3f %d\n", summary.requests, summary.duration,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000, failed))
end
