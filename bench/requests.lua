-- Random requests out of files. A request for each line of CALLS_FILE:
--   WHAT=annotation|summary  GET
--   WHAT=annotate            POST, with a random line of FORMS_FILE
--   WHAT=list                GET, the line is the path
-- Prints one line: RESULT requests/s, p50, p99 and longest in ms, failed requests.

local head, tail = {}, {}

local function lines_of(name)
  local lines = {}
  for line in io.lines(name) do lines[#lines + 1] = line end
  return lines
end

function init(args)
  math.randomseed(tonumber(os.getenv("SEED")) + 1)
  local what = os.getenv("WHAT")
  local common = " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port
    .. "\r\nAuthorization: Basic " .. os.getenv("LOGIN") .. "\r\n"
  for _, line in ipairs(lines_of(os.getenv("CALLS_FILE"))) do
    local text
    if what == "annotation" then text = "GET /v1/Voice/" .. line .. "/Annotation" .. common .. "\r\n"
    elseif what == "summary" then text = "GET /v1/Voice/" .. line .. "/Summary" .. common .. "\r\n"
    elseif what == "list" then text = "GET " .. line .. common .. "\r\n"
    else text = "POST /v1/Voice/" .. line .. "/Annotation" .. common end
    head[#head + 1] = text
  end
  if what == "annotate" then
    for _, form in ipairs(lines_of(os.getenv("FORMS_FILE"))) do
      tail[#tail + 1] = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " .. #form
        .. "\r\n\r\n" .. form
    end
    request = function() return head[math.random(#head)] .. tail[math.random(#tail)] end
  else
    request = function() return head[math.random(#head)] end
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format("RESULT %.0f %.2f %.2f %.2f %d", summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000, failed))
end
