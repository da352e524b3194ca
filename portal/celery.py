"""Celery: tasks arrive soon by the broker, and surely by the sweeps of the schedule."""

import os

from celery import Celery
from celery.schedules import crontab
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")

_FILE_BROKER = settings.CELERY_BROKER_URL.startswith("filesystem")
_TRANSPORT = (
    {
        "data_folder_in": str(settings.BROKER_FOLDER / "queue"),
        "data_folder_out": str(settings.BROKER_FOLDER / "queue"),
        "control_folder": str(settings.BROKER_FOLDER / "control"),
        "processed_folder": str(settings.BROKER_FOLDER / "processed"),
        "store_processed": False,
    }
    if _FILE_BROKER
    else {
        # A broker that accepts but does not answer must not hold a web request:
        # design/security.md, finding 5, measured 2 s against "for ever" with the defaults.
        "visibility_timeout": 300,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 1,
        "socket_connect_timeout": 1,
        "socket_keepalive": True,
        "health_check_interval": 30,
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.1,
        "interval_max": 0.1,
    }
)

if _FILE_BROKER:
    app.conf.broker_transport = "portal.broker:Transport"
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_transport_options=_TRANSPORT,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_pool_limit=5,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_acks_on_failure_or_timeout=True,
    task_ignore_result=True,
    result_backend=None,
    task_publish_retry=True,
    task_publish_retry_policy={
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.1,
        "interval_max": 0.1,
    },
    task_time_limit=60,
    task_soft_time_limit=45,
    task_serializer="json",
    accept_content=["json"],
    task_default_queue="portal",
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=500,
    worker_max_memory_per_child=524_288,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    worker_soft_shutdown_timeout=1 if settings.DEMO else 20,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    timezone="UTC",
    enable_utc=True,
    beat_max_loop_interval=5,
    beat_schedule={
        # What the bell of the broker missed is found here: the row is the record of work.
        "sweep the outbox": {
            "task": "portal.delivery.tasks.sweep",
            "schedule": 10.0,
            "options": {"expires": 10},
        },
        "watch the clocks": {
            "task": "tickets.tasks.watch_clocks",
            "schedule": 20.0,
            "options": {"expires": 20},
        },
        "take letters": {
            "task": "tickets.tasks.take_letters",
            "schedule": 10.0,
            "options": {"expires": 10},
        },
        # `manage.py fetch_mail` looks after mailboxes; this finds those that it does not.
        "fetch letters": {
            "task": "tickets.tasks.fetch_letters",
            "schedule": 60.0,
            "options": {"expires": 60},
        },
        "compare the mailboxes": {
            "task": "tickets.tasks.reconcile_mailboxes",
            "schedule": crontab(hour=1, minute=10),  # 4:10 in Moscow
            "options": {"expires": 3600},
        },
        "forget letters": {
            "task": "tickets.tasks.forget_letters",
            "schedule": crontab(hour="0", minute="40"),  # 03:40 in Moscow
            "options": {"expires": 6 * 3600},
        },
        "escalate alerts": {
            "task": "tickets.tasks.escalate_alerts",
            "schedule": 60.0,
            "options": {"expires": 60},
        },
        "live the life of tickets": {
            "task": "tickets.tasks.live",
            "schedule": 300.0,
            "options": {"expires": 300},
        },
        "publish what is due": {
            "task": "kb.tasks.publish_due",
            "schedule": 20.0,
            "options": {"expires": 20},
        },
        "settle the search": {
            "task": "kb.tasks.settle_search",
            "schedule": crontab(hour="1", minute="40"),  # 4:40 in Moscow
            "options": {"expires": 6 * 3600},
        },
        "check the links of articles": {
            "task": "kb.tasks.check_links",
            "schedule": 600.0,
            "options": {"expires": 600},
        },
        # Looked for several times a day and written once a week: the letter's key says which.
        "remind the owners of articles": {
            "task": "kb.tasks.remind_owners",
            "schedule": 6 * 3600.0,
            "options": {"expires": 6 * 3600},
        },
        "forget old questions": {
            "task": "kb.tasks.forget_questions",
            "schedule": 6 * 3600.0,
            "options": {"expires": 6 * 3600},
        },
        "forget unsent files": {
            "task": "tickets.tasks.forget_unsent_files",
            "schedule": 3600.0,
            "options": {"expires": 3600},
        },
        "forget old deliveries": {
            "task": "portal.delivery.tasks.forget_old",
            "schedule": 3600.0,
            "options": {"expires": 3600},
        },
        "sweep the jobs": {
            "task": "portal.jobs.tasks.sweep",
            "schedule": 10.0,
            "options": {"expires": 10},
        },
        "forget old jobs": {
            "task": "portal.jobs.tasks.forget_old",
            "schedule": 3600.0,
            "options": {"expires": 3600},
        },
        "aggregate the figures": {
            "task": "tickets.tasks.aggregate_figures",
            "schedule": 300.0,
            "options": {"expires": 300},
        },
        "correct the figures": {
            "task": "tickets.tasks.correct_figures",
            "schedule": 6 * 3600.0,
            "options": {"expires": 6 * 3600},
        },
    },
)
app.autodiscover_tasks(["portal.delivery", "portal.jobs", "tickets", "kb"])
