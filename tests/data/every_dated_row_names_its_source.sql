-- Every row of a dated seed says from when it holds, where it stands in which document of policy_document, how firm it
-- is, and that someone compared it with the document once it was in force (rule E9): an amount must be traceable to its
-- source. One test for what all dated seeds have in common, so that these checks cost one query and not seven for each
-- seed.
{%- set dated_seeds = [
    'scheme',
    'benefit_term',
    'benefit_tier',
    'category_modifier',
    'coverage',
    'item_list',
    'funding_standard',
    'insurer_share',
    'risk_corridor_band',
    'cover_rule',
    'enrolment_duty',
    'pool_parameter',
    'income_per_capita',
    'guardrail',
    'review_rule',
    'review_item',
] %}
with

dated_rows as (

    {%- for dated_seed in dated_seeds %}

    select
        '{{ dated_seed }}' as seed,
        document_id,
        article,
        effective_from,
        effective_to,
        reviewed_on,
        status
    from {{ ref(dated_seed) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

documents as (

    select document_id from {{ ref('policy_document') }}

),

problems as (

    select
        dated_rows.*,
        case
            when
                dated_rows.effective_from is null
                or dated_rows.document_id is null
                or dated_rows.article is null
                or dated_rows.reviewed_on is null
                or dated_rows.status is null
                then 'Only effective_to may be blank: fill in the column that is null here.'
            when dated_rows.status not in ('enacted', 'reference', 'illustrative')
                then 'No such status: write enacted, reference or illustrative.'
            when documents.document_id is null
                then 'No such document: correct document_id, or add the document to policy_document.'
            when dated_rows.reviewed_on < dated_rows.effective_from
                then 'Reviewed before it came into force: compare the row with the document again and set reviewed_on.'
        end as problem
    from dated_rows
    left join documents
        on dated_rows.document_id = documents.document_id

)

select * from problems
where problem is not null
