-- What wrk sends: BENCH_KIND (gate, floor, checkToken, checkTokenAnew, create) for every line of BENCH_LIVE, in an order of chance.
local kind, requests = os.getenv("BENCH_KIND"), {}
local service = "/a2f-auth-ws/soap/v1/authentication-service"

function init(args)
  math.randomseed(os.time())
  local n = 0
  for line in io.lines(os.getenv("BENCH_LIVE")) do
    local id, basic, check, create, anew = line:match("([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)")
    local bodies = { checkToken = check, checkTokenAnew = anew, create = create }
    local headers = { ["Authorization"] = basic, ["Authorization2F"] = "Bearer " .. id, ["Host"] = "127.0.0.1",
      ["X-Forwarded-Proto"] = "https" } -- as the proxy says: production answers a call in clear with a redirection
    n = n + 1 -- every pharmacy calls from an address of its own: wrong passwords are counted by address
    headers["X-Forwarded-For"] = string.format("10.%d.%d.%d", n / 65536 % 256, n / 256 % 256, n % 256)
    if kind == "gate" then
      requests[#requests + 1] = wrk.format("GET", "/a2f/gate?contesto=RICETTA-DEM&applicazione=EROGATORE", headers)
    elseif kind == "floor" then
      requests[#requests + 1] = wrk.format("GET", "/floor", headers)
    else
      headers["Authorization2F"] = nil
      headers["Content-Type"] = "text/xml; charset=utf-8"
      requests[#requests + 1] = wrk.format("POST", service, headers, bodies[kind])
    end
  end
end

function request()
  return requests[math.random(#requests)]
end

-- A refusal of the web service comes as 200 with a code: only codEsito 0 is an answer.
refused = 0
if kind ~= "gate" and kind ~= "floor" then
  function response(status, headers, body)
    if not body:find("codEsito>0<", 1, true) then
      refused = refused + 1
    end
  end
end

local mine
function setup(thread)
  mine = thread -- there is one (-t1)
end

-- One line that the program reads: requests, microseconds, errors, refusals, then the latencies in microseconds.
function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format("BENCH %d %d %d %d %d %d\n", summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout, mine:get("refused"), latency:percentile(50), latency:percentile(99)))
end
