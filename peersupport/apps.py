from django.apps import AppConfig


class PeersupportConfig(AppConfig):
    name = "peersupport"

    def ready(self) -> None:
        from peersupport.audit import logins  # noqa: F401 - connects its receivers
        from peersupport.jobs import canary

        canary.register()
