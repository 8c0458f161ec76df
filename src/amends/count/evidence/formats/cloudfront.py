"""Standard logs of Amazon CloudFront, in their tab-separated form
(https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html).

Stamps are in UTC and of the moment at which the answer was finished; `time-taken` is in seconds. `sc-bytes` counts headers too,
so it stays in `extra`; `sc-content-len` is the body's full length. Cells are percent-encoded by CloudFront, and left so.
"""

from __future__ import annotations

from amends.count.evidence.headed import Headed

NAME = "cloudfront"
TIME_IS = "end"
IS_GENERIC = False
HEADED = Headed(
    "CloudFront",
    "\t",
    {
        "c-ip": "client",
        "cs-method": "method",
        "sc-status": "status",
        "cs(user-agent)": "agent",
        "time-taken": "took_s",
        "sc-content-len": "length",
        "x-edge-request-id": "request_id",
    },
)
recognise = HEADED.recognise
reader = HEADED.reader
