-- What wrk tells of a run: requests, seconds, p50 and p99 in microseconds, errors.
done = function(summary, latency)
   local e = summary.errors
   io.write(string.format("report %d %f %f %f %d\n", summary.requests,
      summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
      e.connect + e.read + e.write + e.status + e.timeout))
end
