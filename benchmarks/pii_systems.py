"""Systems that write logs: how their lines begin and what they say. Own text; no line of a published log."""

from __future__ import annotations

from typing import NamedTuple


class System(NamedTuple):
    """How one system logs."""

    name: str
    frame: str
    """A whole line; `«MSG»` is where the message stands."""
    messages: tuple[str, ...]
    json: bool = False
    """The message stands in a JSON string."""


DEV: tuple[System, ...] = (
    System(
        "nginx-access",
        '«ip» - - [«clf»] "GET /api/v1/«word»/«int» HTTP/1.1" «status» «int» "-" "«agent»" «MSG»',
        ("rt=«float» uct=«float» urt=«float»", "rt=«float» cache=HIT id=«trace»"),
    ),
    System(
        "nginx-error",
        "«slash» [error] «pid»#«pid»: *«int» «MSG»",
        (
            'upstream timed out (110: Connection timed out) while reading response header, upstream: "http://«lan»:«port»/predict"',
            'open() "/usr/share/nginx/html/favicon.ico" failed (2: No such file or directory)',
            "worker process «pid» exited on signal 9",
        ),
    ),
    System(
        "journald",
        '{"__REALTIME_TIMESTAMP":"«epoch_us»","_BOOT_ID":"«md5»","PRIORITY":"6","_PID":"«pid»","SYSLOG_IDENTIFIER":"«svc»","MESSAGE":"«MSG»"}',
        (
            "Started Session «int» of User scorer.",
            "Reached target network, unit «svc».service, took «ms»ms",
            "oom_score_adj set to «small»",
        ),
        json=True,
    ),
    System(
        "rfc5424",
        "<«small»>1 «iso» «host» «svc» «pid» ID«small» - «MSG»",
        ("connection pool grown to «small»", "reloaded «int» rules in «ms» ms", "link up, «int» Mb/s on port «small»"),
    ),
    System(
        "kubelet",
        "I«klog»    «pid» kubelet.go:«int»] «MSG»",
        (
            '"SyncLoop (PLEG): event for pod" pod="ml/«pod»" event={"ID":"«uuid»","Type":"ContainerStarted","Data":"«sha256»"}',
            '"Probe failed" probeType="Readiness" pod="ml/«pod»" podUID="«uuid»" containerName="«svc»"',
            'Volume "pvc-«uuid»" mounted, resourceVersion="«id9»"',
        ),
    ),
    System(
        "envoy",
        '[«iso»] "POST /score HTTP/2" «status» - via_upstream - "-" «int» «int» «small» «small» "-" "grpc-go/«ver»" "«uuid»" "«dns»" "«lan»:«port»" «MSG»',
        ("outbound|8080||«dns»", "default route «word»"),
    ),
    System(
        "postgres",
        "«time».«small» UTC [«pid»] app@features LOG:  «MSG»",
        (
            "duration: «ms» ms  statement: SELECT id, score FROM predictions WHERE model_id = «int» AND created_at > '«time»'",
            "checkpoint complete: wrote «int» buffers («pct»%); distance=«int» kB",
            'automatic vacuum of table "features.public.events": index scans: «small»',
        ),
    ),
    System(
        "mysql-slow",
        "# Query_time: «float»  Lock_time: «float» Rows_sent: «int»  Rows_examined: «big»; SET timestamp=«epoch»; «MSG»",
        ("SELECT COUNT(*) FROM orders WHERE order_no=«id10»;", "UPDATE runs SET state='done' WHERE id=«snowflake»;"),
    ),
    System(
        "kafka",
        "[«time_ms»] INFO [GroupCoordinator «small»]: «MSG» (kafka.coordinator.group.GroupCoordinator)",
        (
            "Member consumer-ranker-«small»-«uuid» in group ranker has left, generation «int»",
            "Rolled new log segment at offset «id11» in «ms» ms",
        ),
    ),
    System(
        "redis",
        "«pid»:M «time» * «MSG»",
        ("DB saved on disk, «int» changes in 300 seconds", "Background saving started by pid «pid», RDB age «int»"),
    ),
    System(
        "spark",
        "«slash» INFO TaskSetManager: «MSG»",
        (
            "Finished task «float» in stage «small».0 (TID «int») in «int» ms on executor «small» («small»/«int»)",
            "Block broadcast_«small» stored as values in memory (estimated size «int» KiB, free «int» MiB)",
        ),
    ),
    System(
        "airflow",
        "[«iso»] {taskinstance.py:«int»} INFO - «MSG»",
        (
            "Marking task as SUCCESS. dag_id=retrain, task_id=fit, execution_date=«day»T00:00:00",
            "Running job «int» on host «host» attempt «small» of 3",
        ),
    ),
    System(
        "mlflow",
        "«time» INFO mlflow.tracking._tracking_service.client: «MSG»",
        ("run «md5» logged metric auc=«float» step «int»", "registered model «model» version «small», source «bucket»"),
    ),
    System(
        "triton",
        "I«klog» «small» grpc_server.cc:«int»] «MSG»",
        (
            "New request handler for ModelInferHandler, model «model» version «small», id «id10»",
            "ensemble batch «small» queue «int» us compute «int» us",
        ),
    ),
    System(
        "vllm",
        "INFO «clock» engine.py:«int»] «MSG»",
        (
            "Received request cmpl-«trace»: prompt length «int», params: SamplingParams(temperature=«float», top_p=«float», max_tokens=«int»)",
            "Avg prompt throughput: «pct» tokens/s, Running: «small» reqs, GPU KV cache usage: «pct»%",
        ),
    ),
    System(
        "langchain",
        '{"run_id":"«uuid»","event":"on_llm_start","name":"ChatModel","ts":"«iso»","data":{"input":"«MSG»"}}',
        (
            "Summarise the report on «word» in three sentences.",
            "Which «word» was slowest last week? Answer with the id only.",
            "Translate: the «word» is full.",
        ),
        json=True,
    ),
    System(
        "otel",
        '{"timeUnixNano":"«epoch_ns»","severityText":"INFO","body":{"stringValue":"«MSG»"},"traceId":"«trace»","spanId":"«span»","attributes":[{"key":"service.name","value":{"stringValue":"«svc»"}}]}',
        ("cache miss for key model:«model»:«int»", "span ended after «ms» ms"),
        json=True,
    ),
    System(
        "cloudwatch",
        "«iso» «uuid» INFO «MSG»",
        (
            "REPORT RequestId: «uuid» Duration: «ms» ms Billed Duration: «int» ms Memory Size: 512 MB",
            "assumed role «arn»",
        ),
    ),
    System(
        "java",
        "«time_ms» ERROR [http-nio-«port»-exec-«small»] «java» - «MSG»",
        (
            "java.lang.IllegalStateException: queue «int» is full at «java».run(Dispatcher.java:«int»)",
            "Hikari pool stats (total=«small», active=«small»)",
        ),
    ),
    System(
        "python",
        "«time_ms» - «svc» - WARNING - «MSG»",
        (
            "Traceback: File \"«file»\", line «int», in predict: KeyError: 'feature_«int»'",
            "UserWarning: X has «small» features, expected «small»",
        ),
    ),
    System(
        "go",
        'time=«iso» level=INFO source=«file»:«int» msg="«word» done" «MSG»',
        ("elapsed=«ms»ms goroutines=«int»", "attempt=«small» backoff=«float»s key=«nano»"),
    ),
    System(
        "chat",
        '{"role": "user", "ts": «epoch», "conversation": "«oid»", "content": "«MSG»"}',
        (
            "why is my «word» so slow today?",
            "can you explain the difference between a «word» and a «word»?",
            "thanks, version «ver» fixed it",
        ),
        json=True,
    ),
    System(
        "ci",
        "«iso» ##[group]Run step «small» «MSG»",
        (
            "Successfully installed «npm» in «float»s",
            "«int» passed, «small» skipped in «ms»s",
            "Cache key linux-«sha256» restored (~«small» MB)",
        ),
    ),
    System(
        "plain-kv", "«iso» INFO svc=«svc» pid=«pid» «MSG»", ("op=«word» n=«int» took=«ms»", "loaded=«model» in=«float»")
    ),
)

HELD_OUT: tuple[System, ...] = (
    System(
        "windows-event",
        '«us_time»,Information,Microsoft-Windows-«word»,«int»,None,"«MSG»"',
        (
            "The process '«word».exe' (PID «pid») was granted handle «ptr». Activity {«uuid»}",
            "Service entered the running state. Code 0x8007«small»",
        ),
    ),
    System(
        "android",
        "«klog» «pid» «pid» D «word»Manager: «MSG»",
        (
            "setSystemUiVisibility vis=«int» mask=«ptr» oldVal=«int»",
            'acquire lock=«id9», flags=0x1, tag="View Lock", ws=null, pid=«pid»',
        ),
    ),
    System(
        "gcp",
        '{"insertId":"«nano»","severity":"NOTICE","timestamp":"«iso»","resource":{"type":"k8s_container","labels":{"project_id":"ml-«id9»","pod_name":"«pod»"}},"textPayload":"«MSG»"}',
        ("autoscaler raised replicas to «small» (cpu «pct»%)", "image «digest» admitted"),
        json=True,
    ),
    System(
        "azure",
        '{"time":"«iso»","resourceId":"/SUBSCRIPTIONS/«uuid»/RESOURCEGROUPS/ML/PROVIDERS/MICROSOFT.WEB/SITES/«svc»","operationName":"AppServiceConsoleLogs","correlationId":"«uuid»","resultDescription":"«MSG»"}',
        ("Container warmed up in «float» seconds", "Request «int» finished with «status»"),
        json=True,
    ),
    System(
        "rust",
        "«iso»  INFO «svc»::«word»: «MSG» thread.id=«small» line=«int»",
        (
            "latency=«ms»ms queue.len=«int»",
            "thread 'main' panicked at src/«word».rs:«int»:«small»: index out of bounds: the len is «small»",
        ),
    ),
    System(
        "node",
        '{"level":30,"time":«epoch_ms»,"pid":«pid»,"hostname":"«pod»","reqId":"req-«nano»","responseTime":«ms»,"msg":"«MSG»"}',
        (
            "request completed with «status»",
            "TypeError: Cannot read properties of undefined (reading 'id') at Layer.handle (/srv/node_modules/express/lib/router/layer.js:«small»:5)",
        ),
        json=True,
    ),
    System(
        "torchserve",
        "«iso» [INFO ] W-«port»-«model»_1.0 TS_METRICS - «MSG»",
        (
            "PredictionTime.Milliseconds:«ms»|#ModelName:«model»|#hostname:«host»,timestamp:«epoch»",
            "Backend worker started at port «port» in «int» ms",
        ),
    ),
    System(
        "mta",
        "«syslog» «host» postfix/qmgr[«pid»]: «nano»: «MSG»",
        ("removed, size=«int», nrcpt=«small» (queue active)", "message-id=<«uuid»@«host»>, delay=«float»"),
    ),
    System(
        "haproxy",
        "«syslog» «host» haproxy[«pid»]: frontend~ backend/srv«small» «small»/0/«small»/«int»/«int» «status» «int» - - ---- «small»/«small»/0/0/0 0/0 «MSG»",
        ("{gzip|«int»}", '"GET /«word»/«sha1» HTTP/1.1"'),
    ),
    System(
        "protobuf",
        '«klog» «pid» rpc.cc:«int»] request { id: «id11» model: "«model»" deadline_us: «int» note: "«MSG»" }',
        ("warm up", "batch «small» of «small»"),
        json=True,
    ),
    System(
        "mongodb",
        '{"t":{"$date":"«iso»"},"s":"I","c":"COMMAND","id":«int»,"ctx":"conn«int»","msg":"Slow query","attr":{"ns":"ml.«word»","lsid":"«uuid»","durationMillis":«int»,"detail":"«MSG»"}}',
        ("planSummary COLLSCAN docsExamined «int»", "IXSCAN { _id: 1 } keys «int»"),
        json=True,
    ),
    System(
        "ray",
        "(ServeReplica:«svc» pid=«pid») INFO «time_ms» «svc» «nano» replica.py:«int» - «MSG»",
        ("__CALL__ OK «ms»ms", "Started executing request «uuid»"),
    ),
)
"""Only here under `--systems heldout`: nobody who tunes rules on the others has seen them."""
