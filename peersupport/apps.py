from django.apps import AppConfig


class PeersupportConfig(AppConfig):
    name = "peersupport"

    def ready(self) -> None:
        from peersupport.audit import check, logins  # noqa: F401 - logins connects its receivers
        from peersupport.authoring import publishing
        from peersupport.demo import jobs as demo_jobs
        from peersupport.jobs import canary, sweeper
        from peersupport.organisation import changing
        from peersupport.people import (
            attempts,  # noqa: F401 - connects its receiver
            erasure,
            erasure_list,
            own_data,
            retention,
            sessions,
        )
        from peersupport.practice import assignments, drafts, own_rows

        canary.register()
        check.register()
        demo_jobs.register()
        erasure.register()
        retention.register()
        own_data.register_own()
        own_data.register("chats", own_rows.chats, own_rows.objects)
        own_data.register("assignments", assignments.rows)
        own_data.register("transcript_drafts", own_rows.drafts)
        own_data.register("own_scenarios", publishing.rows)
        own_data.register("organisation_versions", changing.rows_by, changing.objects_by)
        sweeper.register_chore(drafts.forget)
        sweeper.register_chore(erasure_list.settle)
        sweeper.register_chore(retention.start_daily)
        sweeper.register_chore(sessions.forget_expired)
