"""gunicorn --config deploy/gunicorn.conf.py, in example/."""

wsgi_app = "deploy.wsgi:application"
bind = "unix:/run/boarding-schools/gunicorn.sock"
worker_class = "gthread"
workers = 2
threads = 15
