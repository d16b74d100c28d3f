-- What wrk tells of a run: requests, seconds, p50 and p99 in microseconds, errors and
-- bytes, those of answers that were not through yet included.
done = function(summary, latency)
   local e = summary.errors
   io.write(string.format("report %d %f %f %f %d %d\n", summary.requests,
      summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
      e.connect + e.read + e.write + e.status + e.timeout,
      summary.bytes))
end
